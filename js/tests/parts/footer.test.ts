// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { type FooterSession, footer } from "../../src/parts/footer";

describe("the footer", () => {
  it.each([
    ["stopped", "Go on computes what is missing.", true],
    ["stopped", "Change the method to go on.", true],
    ["error", "Go on tries again; what is done is kept.", true],
    ["error", "Choose another method.", false],
    ["busy", "", false],
    ["idle", "", false],
  ])("offers to go on when it is %s and says %s: %s", (state, hint, offered) => {
    const asked: string[] = [];
    const session = {
      status: { state, message: "words", hint },
      frozen: false,
      state: () => state,
      get: () => undefined,
      stop: () => asked.push("stop"),
      resume: () => asked.push("resume"),
    };
    const end = new AbortController();
    const [element, update] = footer(end.signal, session as never as FooterSession);
    update(0);
    const button = element.querySelector<HTMLElement>('[data-xw-control="resume"]')!;
    expect(button.hidden).toBe(!offered);
    button.click();
    expect(asked).toEqual(["resume"]);
    end.abort();
  });
});
