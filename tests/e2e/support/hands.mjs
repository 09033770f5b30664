import { expect } from "@playwright/test";

/** A person with a mouse. */
export class Mouse {
  press(locator) {
    return locator.click();
  }

  type(locator, text) {
    return locator.fill(text);
  }
}

/** More stops than any screen has. */
const LONGEST_WAY = 40;

/** A person with a keyboard and nothing else. Wherever the focus stops on the way, it must be seen. */
export class Keyboard {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** By Enter; `key` is Space where that must do. */
  async press(locator, key = "Enter") {
    await this.reach(locator);
    await this.#page.keyboard.press(key);
  }

  async type(locator, text) {
    await this.reach(locator);
    await this.#page.keyboard.press("ControlOrMeta+a");
    await this.#page.keyboard.type(text);
  }

  /** Goes on with Tab until `locator` has the focus. */
  async reach(locator) {
    await expect(locator).toBeVisible();
    for (let stops = 0; stops < LONGEST_WAY; stops++) {
      if (await locator.evaluate((node) => node === document.activeElement)) return;
      await this.#page.keyboard.press("Tab");
      await expectSeenFocus(this.#page);
    }
    throw new Error(`Tab does not lead to ${locator}.`);
  }
}

/** Whatever has the focus has a ring, and stands on the screen as a whole, as far as it is not larger. */
async function expectSeenFocus(page) {
  const seen = await Promise.all(page.frames().map((frame) => frame.evaluate(lookAtFocus)));
  for (const focus of seen.filter(Boolean)) expect.soft(focus, focus.node).toMatchObject({ hasRing: true, isThere: true });
}

function lookAtFocus() {
  const node = document.activeElement;
  // Between the last stop and the first the browser's own controls have it; of a frame, its document tells more.
  if (node === document.body || node.matches("iframe") || !document.hasFocus()) return undefined;
  const { top, bottom, left, right } = node.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(node);
  return {
    node: node.outerHTML.slice(0, 80),
    // `auto` is the browser's own.
    hasRing: outlineStyle === "auto" || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2),
    isThere: (top >= -1 && bottom <= innerHeight + 1 && left >= -1 && right <= innerWidth + 1) || bottom - top > innerHeight,
  };
}

/** After a change of screens the focus is where the reading begins, or in the one field that there is to fill. */
export async function expectFocusOnScreen(page, name) {
  await expect
    .poll(() => page.evaluate(() => !document.querySelector("#screen") || Boolean(document.activeElement.closest("#screen"))), `the focus on ${name}`)
    .toBe(true);
}
