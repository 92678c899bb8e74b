/** A part of a view that the kernel sends when it is first needed. */
import type { Bytes } from "../core/wire";
import { bytesOf } from "../maps/levels";

/** What a module exports whose text are these bytes. Rejects where the page's policy forbids it. */
// biome-ignore lint/suspicious/noExplicitAny: who asks for a part knows what it is
export async function moduleOf(text: Bytes): Promise<any> {
  const url = URL.createObjectURL(new Blob([bytesOf(text)], { type: "text/javascript" }));
  return (await import(url)).default;
}
