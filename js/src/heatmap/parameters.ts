/** A method's own parameters as controls. A value asks the kernel only when it is committed. */

import { formatValue, override, scaleOf } from "../core/controls";
import { atEnd } from "../core/host";
import type { Method, Parameter } from "../core/wire";
import { el, row, section, set } from "../parts/dom";
import { picker } from "../parts/picker";
import { slider } from "../parts/slider";
import { allParameters } from "./protocol";
import type { Session } from "./session";

type Show = (value: unknown, disabled: boolean) => void;

export function parameters(signal: AbortSignal, session: Session): [HTMLElement, () => void] {
  const element = el("");
  let built: Method | undefined;
  let life = new AbortController();
  let shows: Array<[string, Show]> = [];
  atEnd(signal, () => life.abort());

  function control(parameter: Parameter, host: HTMLElement): [HTMLElement, Show] {
    const { name, label, kind, default: usual } = parameter;
    const help = parameter.help ?? "";
    const id = `parameter-${name}`;
    const commit = (value: unknown): void =>
      session.ask({ parameters: override(session.request.parameters, parameter, value) });
    if (kind === "bool" || kind === "choice") {
      const choices = kind === "bool" ? [true, false] : (parameter.choices ?? []);
      const options = choices.map((each) => ({ value: String(each), label: words(each) }));
      const pick = (text: string): void => commit(choices.find((each) => String(each) === text));
      const list = picker(life.signal, host, label, id, "choice", pick, () => commit(usual));
      const show: Show = (value, disabled) =>
        list.show(options, String(value), words(value), "", disabled);
      return [row(label, help, list.element), show];
    }
    const scale = {
      ...scaleOf(parameter),
      initial: Number(usual),
      format: (value: number) => formatValue(parameter, value),
    };
    const [line, show] = slider(
      life.signal,
      label,
      id,
      scale,
      (value, done) => done && commit(value),
      help,
    );
    return [line, (value, disabled) => show(Number(value), disabled)];
  }

  return [
    element,
    () => {
      const { method, request } = session;
      if (method !== built) {
        built = method;
        life.abort();
        life = new AbortController();
        const host = el(".lists");
        const known = method?.parameters ?? [];
        const made = known.map((parameter) => control(parameter, host));
        shows = made.map(([line, show], i) => {
          set(line, { _parameter: known[i]!.name });
          return [known[i]!.name, show];
        });
        const lines = made.map(([line]) => line);
        element.replaceChildren(...(lines.length ? [section("Parameters", ...lines)] : []), host);
      }
      const values = allParameters(method, request.parameters);
      for (const [name, show] of shows) show(values[name], session.frozen);
    },
  ];
}

/** spread_out -> spread out, true -> yes */
function words(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value).replaceAll("_", " ");
}
