/** What a DatasetExplorer asks for and is told; and what is shown of the data set: rows, filter, choice. */
import { APPEARANCE, traitsOf, traitValue } from "../core/model";
import { type Change, type Connection, converse, extend } from "../core/session";
import type {
  Bytes,
  ColumnsMessage,
  DetailMessage,
  ExperimentMessage,
  GroupsMessage,
  MeansMessage,
  NearestMessage,
  OpenedMessage,
  OrderMessage,
  PicturesMessage,
  PointsMessage,
  QuantisedMap,
  ReadingMessage,
  RowMapMessage,
  RowSet,
  SetsMessage,
  StudyHead,
  VerdictsMessage,
  ViewsMessage,
} from "../core/wire";
import { bytesOf } from "../maps/levels";
import { type Count, counted, type Filter, inOrder, maskOf } from "./filters";
import { mapsOf, sheets } from "./sheets";
import { packBits, Table, unpackBits } from "./table";

export type Message =
  | ColumnsMessage
  | DetailMessage
  | ExperimentMessage
  | GroupsMessage
  | MeansMessage
  | NearestMessage
  | OpenedMessage
  | OrderMessage
  | PicturesMessage
  | PointsMessage
  | ReadingMessage
  | RowMapMessage
  | SetsMessage
  | VerdictsMessage
  | ViewsMessage;

export type Middle = "pictures" | "confusion" | "groups" | "similarity";
export type Of = "features" | "maps";
export type Reading =
  | ("slices" | "label" | "copies" | "shortcut" | "tsne" | "pca" | "order")
  | ("groups" | "means");

const LATER = 1000; // milliseconds, after which names and properties do not wait for pictures

const LOOKS = {
  ...APPEARANCE,
  view: "pictures" as Middle,
  sort: "-loss",
  filter: {} as Filter,
  slice: "",
  maps: true,
  chosen: [] as readonly number[],
  row: undefined as number | undefined,
};
const SHOWS = {
  head: undefined as StudyHead | undefined,
  verdict_words: [] as readonly string[],
  network: undefined,
};

/** A set of rows, unpacked. */
export interface NamedRows extends RowSet {
  reading: string;
  mask: Uint8Array;
}

/** The same message with its bytes back in place: they travel as buffers, in this order. */
export function withBytes(message: Message, buffers: Bytes[]): Message {
  let at = 0;
  const back = <T extends { data: Bytes }>(part: T): T => ({ ...part, data: buffers[at++]! });
  if (!buffers.length) return message;
  switch (message.kind) {
    case "columns":
      return { ...message, columns: message.columns.map(back) };
    case "sets":
      return { ...message, sets: message.sets.map(back) };
    case "pictures": {
      const own = back(message);
      return { ...own, maps: back(message.maps) };
    }
    case "groups":
      return { ...message, sets: message.sets.map(back), maps: back(message.maps) };
    case "means":
      return { ...message, maps: back(message.maps), differences: back(message.differences) };
    case "detail":
      return message.picture ? { ...message, picture: back(message.picture) } : message;
    case "map":
      return message.map ? { ...message, map: back(message.map) } : message;
    case "points":
    case "order":
    case "verdicts":
    case "nearest":
    case "views":
      return back(message);
    default:
      return message;
  }
}

/** Groups of maps, with the mean map of each. */
export type Groups = GroupsMessage & { mean: QuantisedMap[] };

export type DatasetSession = ReturnType<typeof datasetSession>;

/** `arrived` is told of rows whose pictures can be shown, `opened` of a viewer that was opened. */
export function datasetSession(
  connection: Connection,
  arrived: (rows: ReadonlySet<number>) => void = () => {},
  opened: (message: OpenedMessage) => void = () => {},
  part: (content: Bytes) => void = () => {},
) {
  const { model } = connection;
  let table: Table | undefined;
  const details = new Map<number, DetailMessage>();
  const labelMaps = new Map<number, QuantisedMap | string>();
  const asked = new Set<string>();
  const busy = new Map<string, boolean>();
  const words = new Map<string, string>();
  const sets = new Map<string, NamedRows[]>();
  const nearest = new Map<number, readonly number[]>();
  const points = new Map<string, [xs: Float32Array, ys: Float32Array]>();
  let views: Bytes | undefined;
  let order: Uint16Array | undefined;
  let experiment: ExperimentMessage | undefined;
  let groups: Groups | undefined;
  let means: MeansMessage | undefined;
  let memo: { key: unknown[]; mask: Uint8Array; rows: Uint32Array; count: Count } | undefined;
  let chosenOf: readonly number[] = [];
  let chosenSet = new Set<number>();
  let totals: { version: number; count: Count } | undefined;

  const ensure = (): Table | undefined => {
    const head = traitValue<StudyHead>(model, "head");
    if (!table && head) table = new Table(head.count, head.classes);
    return table;
  };

  function keepSets(reading: string, given: readonly RowSet[], { count }: Table): void {
    const unpacked = given.map((one) => ({ ...one, reading, mask: unpackBits(one.data, count) }));
    sets.set(reading, unpacked);
  }
  function take(message: Message): Change | undefined {
    const rows = ensure();
    if (!rows) return undefined;
    switch (message.kind) {
      case "columns":
        rows.take(message);
        pictures.forget();
        break;
      case "verdicts":
        rows.takeVerdicts(message);
        break;
      case "pictures":
        pictures.take(message);
        return undefined;
      case "sets":
        keepSets(message.reading, message.sets, rows);
        break;
      case "groups":
        keepSets("groups", message.sets, rows);
        groups = { ...message, mean: mapsOf(message.maps, message.gamma) };
        break;
      case "means":
        means = message;
        break;
      case "reading":
        busy.set(message.reading, message.busy);
        words.set(message.reading, message.words);
        break;
      case "points": {
        const all = new Float32Array(bytesOf(message.data).slice().buffer as ArrayBuffer);
        const half = (offset: number): Float32Array =>
          Float32Array.from({ length: rows.count }, (_, i) => all[2 * i + offset]!);
        points.set(message.method, [half(0), half(1)]);
        break;
      }
      case "order":
        order = new Uint16Array(bytesOf(message.data).slice().buffer as ArrayBuffer);
        break;
      case "nearest": {
        const all = new Uint32Array(bytesOf(message.data).slice().buffer as ArrayBuffer);
        message.rows.forEach((row, i) => {
          nearest.set(row, [...all.subarray(i * message.each, (i + 1) * message.each)]);
        });
        break;
      }
      case "detail":
        details.set(message.row, message);
        if (details.size > 40) details.delete(details.keys().next().value!);
        break;
      case "map":
        labelMaps.set(message.row, message.map ?? message.words);
        break;
      case "experiment":
        experiment = message;
        break;
      case "opened":
        opened(message);
        return undefined;
      case "views":
        views = message.data;
        if (!session?.frozen) part(views);
        return undefined;
    }
    return "all";
  }

  const traits = traitsOf(model, SHOWS);
  const looks = traitsOf(model, LOOKS);
  const pictures = sheets(
    (rows) => session.send({ kind: "pictures", rows }),
    arrived,
    Boolean(model.get("frozen")),
  );
  const session = converse<object>(connection, {
    traits: { looks: LOOKS, shows: SHOWS },
    saved: [],
    receive: (message: Message, buffers) => take(withBytes(message, buffers)),
  });
  const { tick } = session;
  let since: number | undefined;
  function needRest(): void {
    if (session.frozen || asked.has("rest")) return;
    asked.add("rest");
    session.send({ kind: "rest" });
  }
  if (session.frozen) for (const message of model.get("frames") ?? []) take(message as Message);

  function ask(reading: Reading, message: object, buffers?: Uint8Array[]): void {
    if (session.frozen) return;
    asked.add(reading);
    busy.set(reading, true);
    words.set(reading, "");
    session.send(message, buffers);
    connection.changed("all");
  }

  function selection() {
    const rows = ensure();
    if (!rows) return undefined;
    const { filter, slice, sort } = looks;
    const named = own.set(slice);
    const used = rows.stampOf([...Object.keys(filter), sort.replace(/^-/, "")]);
    const key = [filter, named?.mask, sort, used];
    if (memo?.key.every((part, i) => part === key[i])) return memo;
    const mask = own.maskFor(filter);
    if (named) for (let i = 0; i < mask.length; i++) mask[i]! &= named.mask[i]!;
    memo = { key, mask, rows: inOrder(rows.order(sort), mask), count: counted(rows, mask) };
    return memo;
  }

  const own = {
    get table() {
      return ensure();
    },
    pictures,
    /** The rows that are shown, in their order. */
    get rows(): Uint32Array {
      return selection()?.rows ?? new Uint32Array();
    },
    get mask(): Uint8Array {
      return selection()?.mask ?? new Uint8Array();
    },
    get count(): Count {
      return selection()?.count ?? { rows: 0, labelled: 0, right: 0 };
    },
    /** Of all rows. */
    get total(): Count {
      const rows = ensure();
      if (!rows) return { rows: 0, labelled: 0, right: 0 };
      if (totals?.version !== rows.answered)
        totals = { version: rows.answered, count: counted(rows) };
      return totals.count;
    },
    get order() {
      return order;
    },
    get groups() {
      return groups;
    },
    get means() {
      return means;
    },
    get experiment() {
      return experiment;
    },
    /** The rows that are there and meet a filter. */
    maskFor(filter: Filter): Uint8Array {
      const rows = ensure()!;
      const mask = maskOf(rows, filter);
      const [done, failed] = [rows.bits("done"), rows.bits("failed")];
      for (let i = 0; i < mask.length; i++) mask[i]! &= done[i]! | failed[i]!;
      return mask;
    },
    /** Pictures that are wanted beside those of the grid. */
    wantAlso: pictures.also,
    isChosen(row: number): boolean {
      const { chosen } = looks;
      if (chosen !== chosenOf) [chosenOf, chosenSet] = [chosen, new Set(chosen)];
      return chosenSet.has(row);
    },
    points: (method: string) => points.get(method),
    detail: (row: number) => details.get(row),
    labelMap: (row: number) => labelMaps.get(row),
    nearest: (row: number) => details.get(row)?.neighbours ?? nearest.get(row) ?? [],
    busy: (reading: Reading) => busy.get(reading) ?? false,
    words: (reading: Reading) => words.get(reading) ?? "",
    /** Sets of rows that were found, by reading. */
    sets: (...readings: string[]): NamedRows[] => readings.flatMap((name) => sets.get(name) ?? []),
    known: (reading: string) => sets.has(reading),
    set: (id: string): NamedRows | undefined =>
      id ? [...sets.values()].flat().find((one) => one.id === id) : undefined,

    /** Adds a condition, or takes it away with undefined. */
    where(name: string, value: unknown): void {
      const filter: Record<string, unknown> = { ...looks.filter };
      if (value === undefined) delete filter[name];
      else filter[name] = value;
      session.look("filter", filter);
    },
    only(filter: Filter, slice = ""): void {
      model.set("slice", slice);
      session.look("filter", filter);
    },
    /** Asks for a reading, once. */
    read(reading: Reading, again = false): void {
      if (session.frozen || (asked.has(reading) && !again)) return;
      ask(reading, { kind: "read", reading });
    },
    /** Asks for groups of the maps of the rows that are shown. */
    group(of: Of): void {
      ask("groups", { kind: "groups", of }, [packBits(own.mask)]);
    },
    askMeans(): void {
      if (!asked.has("means")) ask("means", { kind: "means" });
    },
    /** Asks for what is known of a row, once. */
    lookAt(row: number): void {
      if (session.frozen || asked.has(`row ${row}`)) return;
      asked.add(`row ${row}`);
      session.send({ kind: "detail", row });
    },
    askLabelMap(row: number): void {
      if (session.frozen || asked.has(`map ${row}`)) return;
      asked.add(`map ${row}`);
      session.send({ kind: "map", row });
    },
    /** The views that are a part of their own are wanted. */
    needPart(): void {
      if (views) part(views);
      else if (!session.frozen && !asked.has("views")) session.send({ kind: "views" });
      asked.add("views");
    },
    decide(rows: readonly number[], verdict: string): void {
      session.send({ kind: "decide", rows, verdict });
    },
    undo: () => session.send({ kind: "undo" }),
    cover(rows: readonly number[], box: readonly number[]): void {
      experiment = { kind: "experiment", words: "", busy: true };
      session.send({ kind: "cover", rows, box });
      connection.changed("all");
    },
    open: (row: number, viewer: string) => session.send({ kind: "open", row, viewer }),
    shut: () => session.send({ kind: "shut" }),
    tick(time: number): void {
      tick(time);
      // What pictures are not chosen by at first comes when they are there, or cannot be.
      since ??= table && time;
      if (since !== undefined && (pictures.kept || time - since > LATER)) needRest();
      pictures.tick();
    },
  };
  return extend(extend(extend(session, traits), own), { looks });
}
