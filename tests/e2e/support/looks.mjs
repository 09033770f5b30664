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

/** Everything must fit on narrow pages, and when text is twice as large; code may scroll inside its own box. */
export async function expectNothingCutOff(page, name) {
  for (const [width, fontSize] of [
    [320, "100%"],
    [640, "200%"],
  ]) {
    await page.setViewportSize({ width, height: 640 });
    const over = await page.evaluate((fontSize) => {
      document.documentElement.style.fontSize = fontSize;
      const found = [...document.querySelectorAll("body *:not(pre *, .unseen)")]
        .filter((node) => {
          const { left, right } = node.getBoundingClientRect();
          return right > innerWidth + 1 || left < -1 || (node.matches("button, p, li, h1") && node.scrollWidth > node.clientWidth + 1);
        })
        .map((node) => node.outerHTML.slice(0, 80));
      document.documentElement.style.fontSize = "";
      return found;
    }, fontSize);
    expect.soft(over, `${name} at ${width} pixels, text of ${fontSize}`).toEqual([]);
  }
}
