import { vi } from "vitest";

/** What a user does with the page, without a testing library. */
export const screen = {
  type(id, text) {
    document.getElementById(id).value = text;
  },
  /** Clicks, and waits until the page says this. */
  async click(id, said) {
    const status = document.querySelector("[role=status]");
    status.textContent = "";
    document.getElementById(id).click();
    await vi.waitFor(() => {
      const { textContent } = status;
      if (typeof said === "string" ? textContent !== said : !said.test(textContent)) {
        throw new Error(`the page says "${textContent}", not "${said}"`);
      }
    }, 10_000);
  },
};
