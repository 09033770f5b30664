import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "@playwright/test";

const DEVICES = [
  ["phone", { width: 390, height: 844 }],
  ["desktop", { width: 1280, height: 900 }],
];

/** Looks at what stands on the page: axe must find nothing, and a picture is kept for each device. */
export async function examine(page, info, name, suffix, devices = DEVICES) {
  for (const [device, viewport] of devices) {
    await page.setViewportSize(viewport);
    // What sticks to the top belongs at its own place in a picture of the whole page.
    await page.evaluate(() => scrollTo(0, 0));
    const path = `${info.project.outputDir}/../screenshots/${name}-${device}-${suffix}.png`;
    await page.screenshot({ path, fullPage: true });
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect.soft(violations, name).toEqual([]);
}

/** The same in both themes, without going the way to it twice. */
export async function examineThemes(page, info, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await examine(page, info, name, colorScheme);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Of a window of 1280 by 1024 pixels, what is left when its page is enlarged, and then text alone. */
const ENLARGED = [
  ["at 400 %", { width: 320, height: 256 }, "100%"],
  ["at 200 %", { width: 640, height: 512 }, "100%"],
  ["with text of 200 %", { width: 640, height: 512 }, "200%"],
];

/** Everything must fit when a page is enlarged: nothing is cut off, and it scrolls in one direction only. */
export async function expectNothingCutOff(page, name) {
  for (const [how, viewport, fontSize] of ENLARGED) {
    await page.setViewportSize(viewport);
    const over = await page.evaluate((fontSize) => {
      document.documentElement.style.fontSize = fontSize;
      const found = [...document.querySelectorAll("body *:not(pre *, .unseen)")]
        .filter((node) => {
          const { left, right } = node.getBoundingClientRect();
          return right > innerWidth + 1 || left < -1 || (node.matches("button, a, p, li, label, strong, span, h1") && node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline");
        })
        .map((node) => node.outerHTML.slice(0, 80));
      const { scrollWidth } = document.documentElement;
      if (scrollWidth > innerWidth) found.push(`a page of ${scrollWidth} pixels in ${innerWidth}`);
      document.documentElement.style.fontSize = "";
      return found;
    }, fontSize);
    expect.soft(over, `${name} ${how}`).toEqual([]);
  }
}
