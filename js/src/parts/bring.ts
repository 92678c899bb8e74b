/** Pictures that are dropped or pasted onto a view: what takes them is a part that the kernel sends when a view is ready. */
import type { Session } from "../core/session";
import type { Bytes, DropMessage } from "../core/wire";
import { moduleOf } from "./module";
import type { View } from "./view";

export type DropSession = Pick<Session, "on" | "send" | "state">;

export function takePictures(view: View, session: DropSession): void {
  let part: unknown;
  session.on("msg:custom", async (message: DropMessage, [text]: Bytes[] = []) => {
    if (message.kind !== "drop" || part) return;
    part = message; // others on the page make the kernel send it again
    (await moduleOf(text!))(view, session, message);
  });
}
