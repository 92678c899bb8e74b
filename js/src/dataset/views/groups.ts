/** Groups of maps: of the pictures that are shown, those that are explained alike. */
import { percent, pictures, signed } from "../../core/format";
import { el, lines, on, type Part, say, set, write } from "../../parts/dom";
import { segments } from "../../parts/segments";
import { type Filter, wilson } from "../filters";
import type { DatasetSession, NamedRows, Of } from "../session";
import { paintMap, paintTile } from "../tile";

const AUTOMATIC = 5000; // rows, up to which groups are made without being asked
const MEAN = 160; // pixels of a mean map
const SMALL = 112;

export function groupsView(
  signal: AbortSignal,
  session: DatasetSession,
  act: { show(filter: Filter, slice: string): void },
): Part {
  const [words, alike] = [el("p.facts"), el("p.facts")];
  const cards = el(".groupcards");
  const go = el("button.wide", { _control: "group" });
  let of: Of = "features";
  const [kinds, showKind] = segments<Of>(
    signal,
    "Alike by",
    "groups-of",
    [
      ["features", "what it looks at", "The layer's features, weighted by the map"],
      ["maps", "where it looks", "The maps themselves, made 16 x 16"],
    ],
    (value) => {
      of = value;
      group();
    },
  );
  on(signal, go, "click", group);
  let asked2: string | undefined; // which rows were asked for
  const question = (): string => JSON.stringify([session.looks.filter, session.looks.slice]);
  function group(): void {
    asked2 = question();
    session.group(of);
  }
  const element = el(".groups", el(".tools2", kinds, el("span.spring"), go), words, cards, alike);

  /** The answer that most of a group have, and how many; where there is none, how many answers. */
  function mostly({ mask }: NamedRows): string {
    const table = session.table!;
    const answers = table.codes("prediction");
    const counts = new Map<number, number>();
    let [total, best] = [0, -1];
    for (let i = 0; i < mask.length; i++) {
      if (!mask[i]) continue;
      total++;
      const n = (counts.get(answers[i]!) ?? 0) + 1;
      counts.set(answers[i]!, n);
      if (n > (counts.get(best) ?? 0)) best = answers[i]!;
    }
    const share = (counts.get(best) ?? 0) / (total || 1);
    if (best < 0) return "";
    return share < 0.3 && counts.size > 3
      ? `${counts.size.toLocaleString("en")} different answers`
      : `${percent(share, 0)} answered ${table.classes[best] ?? best}`;
  }

  const cardLines = lines<NamedRows>(signal, cards, (one, i, alive) => {
    const mean = el("canvas.meanmap", { $hidden: "true" });
    Object.assign(mean, { width: MEAN, height: MEAN });
    const smalls = one.first.map(() => el("canvas", { $hidden: "true" }));
    for (const small of smalls) Object.assign(small, { width: SMALL, height: SMALL });
    const [right, rows] = [el("span"), el("span", pictures(one.count))];
    const share = percent(one.count / (session.groups?.of_rows || one.count), 0);
    const button = el(
      "button.groupcard",
      { _group: i },
      mean,
      el(
        ".about2",
        el("b", one.title, el("span.note", ` ${share}`)),
        rows,
        el("span", mostly(one)),
        right,
        el(".near", ...smalls),
      ),
    );
    on(alive, button, "click", () => act.show({}, one.id));
    if (one.accuracy !== null) {
      const n = one.count;
      const ends = (one.interval ?? wilson(one.accuracy * n, n)).map((end) => percent(end, 0));
      write(right, `${percent(one.accuracy, 0)} right [${ends.join(", ")}]`);
    }
    let look = "";
    return [
      button,
      () => {
        set(button, { $pressed: String(session.looks.slice === one.id) });
        const now = JSON.stringify({ ...session.looks, chosen: 0, row: 0 });
        if (now !== look) {
          const map = session.groups?.mean[i];
          if (map) paintMap(mean, map, session.looks);
        }
        one.first.forEach((row, place) => {
          const bitmap = session.pictures.bitmap(row);
          const small = smalls[place]!;
          if (!bitmap || small.dataset.xwLook === now) return;
          const map = session.looks.maps ? session.pictures.sprite(row)?.map : undefined;
          paintTile(small, bitmap, map, session.looks);
          set(small, { _look: now });
        });
        look = now;
      },
    ];
  });

  let wanted: readonly number[] = [];
  let wantedOf: unknown;
  function refresh(): void {
    const { table, groups, frozen, rows } = session;
    if (!table || session.looks.view !== "groups") return;
    const complete = table.done + table.failed === table.count;
    const asked = session.busy("groups") || groups || session.words("groups");
    if (complete && !asked && !frozen && rows.length && rows.length <= AUTOMATIC) {
      group();
    }
    const n = rows.length.toLocaleString("en");
    write(go, rows.length === 1 ? "Group it" : `Group the ${n} pictures that are shown`);
    go.hidden =
      frozen || (groups?.of_rows === rows.length && (asked2 ?? question()) === question());
    go.disabled = !rows.length || session.busy("groups");
    showKind(groups?.of ?? of, frozen ? "not in this saved page" : null);
    const stability = groups?.stability;
    const stable =
      stability == null
        ? "They are one group: no gap parts them."
        : `Drawn again from 80\xa0% of them, the groups agree to ${signed(stability).replace("+", "")} of 1.`;
    const way = frozen
      ? "Groups are not in this saved page: they were not made before."
      : complete
        ? ""
        : "Groups are made by themselves once all pictures are explained.";
    const of2 = groups?.of_rows.toLocaleString("en");
    say(
      words,
      session.busy("groups")
        ? "Looking for groups …"
        : session.words("groups") || (groups ? `The maps of ${of2} pictures. ${stable}` : way),
    );
    const why = "A group that is nearly always right and looks at one place is worth a suspicion.";
    say(alike, groups ? `${groups.words} ${why} A map alone is no proof: cover the place.` : "");
    const sets = groups ? session.sets("groups") : [];
    if (wantedOf !== groups) {
      wantedOf = groups;
      wanted = sets.flatMap(({ first }) => first);
    }
    session.wantAlso(wanted, "groups");
    for (const show of cardLines(sets, groups)) show();
  }
  return [element, refresh];
}
