/**
 * What travels between Python and the browser.
 * Written by tools/wire.py from xai_widgets/widgets/<widget>/wire.py: change those, then run it.
 */

export type Bytes = DataView | Uint8Array | string;

/** A class and its probability; with the unit "number", the network's own number in its place, such
 * as an age. Without a unit it is a probability. */
export interface ClassScore {
  index: number; name: string; probability: number; unit?: "probability" | "number";
}
/** To the browser: what is seen, as a figure; the PNG is a buffer. */
export interface FigureMessage { kind: "figure" }
/** To the browser: what takes a picture that is dropped or pasted; its module is a buffer. `most`
 * are the bytes that a file may have. */
export interface DropMessage { kind: "drop"; most: number }
/** To the kernel: the next piece of a file, in the buffer, that was dropped onto the view `by`.
 * `size` is that of the whole file, `at` where the piece begins. */
export interface PictureMessage {
  kind: "picture"; by: string; name: string; size: number; at: number;
}
/** To the browser: the file that the view `by` has sent is shown now, or `failed`, why not. */
export interface DroppedMessage { kind: "dropped"; by: string; name?: string; failed?: string }
/** The most probable classes, the first one first. */
export interface Prediction { top: readonly ClassScore[] }
/** A parameter of a method, and the control that sets it. */
export interface Parameter {
  name: string; label: string; kind: "int" | "float" | "choice" | "bool"; default: unknown;
  minimum?: number | null; maximum?: number | null; step?: number | null;
  choices?: readonly unknown[] | null; unit?: string | null; help?: string | null;
}
/** What a method is. `takes_layer`: whether a layer is chosen for it. `unavailable`: why this
 * network cannot be explained by it; absent or empty where it can. */
export interface MethodCard {
  name: string; title: string; family: string; cost: string; formula: string; citation: string;
  url?: string | null; shows: string; limits: string; space: "input" | "layer";
  takes_layer: boolean; signed: boolean; anytime: boolean; parameters: readonly Parameter[];
  unavailable?: string | null;
}
/** A layer that CAM methods accept, with the height and width of its maps. */
export interface Layer { name: string; size: readonly [number, number]; channels: number }
/** The network, with the height and width of its input; `note` is what has to be known before its
 * numbers are believed. */
export interface Network { name: string; input: readonly [number, number]; note?: string }
/** A picture in a format that browsers know; with an empty `mime`, its pixels as they are. */
export interface Picture { width: number; height: number; mime: string; data: Bytes; name?: string }
/** What is explained; a function of the output has no index. */
export interface FrameTarget {
  index: number | null; name: string; probability: number | null; unit?: "probability" | "number";
  score?: number | null;
}
/** An (h, w) map in bytes: value = sign(s) |s|^gamma peak, with s read from the byte. */
export interface QuantisedMap {
  shape: readonly [number, number]; signed: boolean; range: readonly [number, number]; peak: number;
  gamma: number; histogram?: readonly number[]; data: Bytes; state: "ok" | "zero" | "nonfinite";
  message: string;
}
/** A map, and what it is a map of. `note` is what has to be known of it beside the picture. */
export interface MapFrame extends QuantisedMap {
  method: string; target: FrameTarget; layer: string | null;
  parameters: Readonly<Record<string, unknown>>; partial: boolean; fraction: number;
  seconds: number; note?: string;
}
/** A map as the answer to the request `seq`. */
export interface Frame extends MapFrame { seq: number }
/** What the kernel is doing: `remaining` is in seconds, `hint` is the way on or out. An error may
 * be about a `parameter` of the method; with the values `instead` there would be none. */
export interface Status {
  seq: number; state: "idle" | "running" | "error" | "stopped"; message: string; hint: string;
  fraction: number | null; seconds: number | null; remaining: number | null; parameter?: string;
  instead?: Readonly<Record<string, unknown>>;
}
/** An item of the trait `rows`: a network's name, and the share it gets right, if given. */
export interface NetworkRow { name: string; accuracy: number | null }
/** An item of the trait `measure_descriptions`: what is measured of a map. */
export interface MeasureDescription { name: string; title: string; help: string }
/** What a network says of the picture, or only the `error` that says why it says nothing. `photo`
 * is the picture as the network was given it, left out where the first network's is the same. */
export interface NetworkPrediction {
  row: number; input?: readonly [number, number]; top?: readonly ClassScore[]; target?: FrameTarget;
  exact?: boolean; photo?: Picture; error?: string;
}
/** A map in the grid; or its row and method, and the `error` that says why there is none. */
export interface CellFrame extends MapFrame { row: number; error?: string }
/** The measures of a cell by name, None where one is not defined. */
export interface CellMeasures {
  row: number; method: string; values: Readonly<Record<string, number | null>>;
}
/** An item of `frames`: an answer in a saved page. */
export interface ComparisonSaved {
  key: string; picture_index: number; noise: number; predictions: readonly NetworkPrediction[];
  cells: readonly CellFrame[]; measures: readonly CellMeasures[];
}
/** To the browser: what a network says, its photo's data in a buffer. */
export interface PredictionMessage {
  kind: "prediction"; key: string; prediction: NetworkPrediction;
}
/** To the browser: a cell, its data in a buffer. */
export interface CellMessage { kind: "cell"; key: string; frame: CellFrame }
/** To the browser: measures of a cell, in addition to those it has. */
export interface MeasuresMessage extends CellMeasures { kind: "measures"; key: string }
/** To the browser: no answer holds any more. */
export interface ForgetMessage { kind: "forget" }
/** The trait `head`: what does not change while the study runs. `able`: whether the network and the
 * pictures are there. */
export interface StudyHead {
  name: string; count: number; classes: readonly string[]; method: string; title: string;
  signed: boolean; folder: string; metadata: readonly string[]; able: boolean;
}
/** A column of rows `start` to `stop`. Forms: float16, float32, uint16, uint32, bits (the highest
 * bit of a byte first), and text (UTF-8, lines). With `values`, numbers are places in it. The
 * largest number is that of nothing. */
export interface DatasetColumn {
  name: string; form: "f2" | "f4" | "u2" | "u4" | "bits" | "text"; values?: readonly string[];
  data: Bytes;
}
/** Columns of some rows; one buffer each. */
export interface ColumnsMessage {
  kind: "columns"; start: number; stop: number; columns: readonly DatasetColumn[];
}
/** A slice or a suspicion, its rows as bits. Shares are null where there are none; `box` is the
 * region as shares of the picture: left, top, width, height. */
export interface RowSet {
  id: string; family: "slice" | "suspicion" | "named" | "group"; title: string; note: string;
  count: number; accuracy: number | null; interval: readonly [number, number] | null;
  lift: number | null; effect: number | null; control: number | null; box: readonly number[] | null;
  first: readonly number[]; data: Bytes;
}
/** What was found of one kind; one buffer each. `words` say what came of looking. */
export interface SetsMessage {
  kind: "sets"; reading: string; words: string; partial: boolean; sets: readonly RowSet[];
}
/** How far a reading is, or why there is none. */
export interface ReadingMessage { kind: "reading"; reading: string; busy: boolean; words: string }
/** Similarity: x and y of each row (float32, nan for those not computed). */
export interface PointsMessage { kind: "points"; method: "tsne" | "pca"; data: Bytes }
/** The classes (uint16), those that are taken for each other beside each other. */
export interface OrderMessage { kind: "order"; data: Bytes }
/** Maps one after another, each as of QuantisedMap; an empty one has the shape 0, 0. */
export interface PackedMaps {
  shapes: readonly number[]; peaks: readonly number[]; signed: readonly boolean[]; data: Bytes;
}
/** Pictures: JPEGs one after another with their ends, and maps. Two buffers. `more`: others that
 * the same question asked for follow. */
export interface PicturesMessage {
  kind: "pictures"; rows: readonly number[]; ends: readonly number[]; gamma: number; data: Bytes;
  maps: PackedMaps; more?: boolean;
}
/** Groups of the maps of `of_rows` rows, the largest first: their rows, and each one's mean map.
 * `stability` is the mean adjusted Rand index over resampled rows, null of one group. */
export interface GroupsMessage {
  kind: "groups"; of: "features" | "maps"; of_rows: number; stability: number | null; words: string;
  gamma: number; sets: readonly RowSet[]; maps: PackedMaps;
}
/** Mean maps of cells of the confusion: label and prediction of each; and of each of `labels` the
 * mean map of what is answered right, less that of what is not. `words` say whether the pictures
 * lie alike. */
export interface MeansMessage {
  kind: "means"; words: string; gamma: number; cells: ReadonlyArray<readonly number[]>;
  maps: PackedMaps; labels: readonly number[]; differences: PackedMaps;
}
/** The verdict on each row (uint16), as a place in `words`; the largest number is none. */
export interface VerdictsMessage { kind: "verdicts"; words: readonly string[]; data: Bytes }
/** One row: its picture as the network sees it in the buffer, if there is one. */
export interface DetailMessage {
  kind: "detail"; row: number; top: readonly ClassScore[]; neighbours: readonly number[];
  words: string; picture?: Picture;
}
/** Of a saved page: the nearest rows of each of `rows`, `each` of them (uint32). */
export interface NearestMessage {
  kind: "nearest"; rows: readonly number[]; each: number; data: Bytes;
}
/** The map of a row for its label, or why there is none. */
export interface RowMapMessage { kind: "map"; row: number; words: string; map?: QuantisedMap }
/** What became of the answers when a place was covered. */
export interface ExperimentMessage {
  kind: "experiment"; words: string; busy: boolean; survives?: boolean; values?: readonly number[];
}
/** A viewer of one row that was opened, as a model of the host; or why not. */
export interface OpenedMessage {
  kind: "opened"; row: number; viewer: string; model: string; words: string;
}
/** The part of the browser half that shows confusion, similarity and other viewers: a module. */
export interface ViewsMessage { kind: "views"; data: Bytes }
/** The trait `filter`: by column a value, several of them, or a range; and what is searched for,
 * and rows by number. */
export interface DatasetFilter {
  search: string; rows: readonly number[]; label: unknown; prediction: unknown; correct: boolean;
  verdict: unknown;
}
/** The probability of the class at each point, and the most probable classes there as pairs of
 * index and probability. `low` and `high` are the band of the random maps, `interval` that of their
 * areas. */
export interface Curve {
  probability: readonly number[]; auc: number; low?: readonly number[]; high?: readonly number[];
  interval?: readonly [number, number];
  top: ReadonlyArray<ReadonlyArray<readonly [number, number]>>;
}
/** Both curves of a map, or of several random ones. `order` has a byte for each pixel: the point at
 * which it changes. */
export interface Curves {
  method: string; title: string; order: Bytes; maps: number; insertion: Curve; deletion: Curve;
}
/** The curves that there are so far; `gone` is the picture with all pixels taken away. */
export interface CurvesFrame {
  seq: number; target: FrameTarget; baseline: string; steps: number; gone: Picture;
  fractions: readonly number[]; names: Readonly<Record<string, string>>; curves: readonly Curves[];
}
/** The map after these layers were randomised, and how alike it still is. */
export interface SanityStage {
  randomised: readonly string[]; spearman: number | null; ssim: number | null; map: QuantisedMap;
}
/** A value of the trait `likeness`, by method: the rank correlation with the trained map at each
 * stage so far, `total` in all, and their mean once they are there. `chance` is the least and the
 * greatest of random maps of the same size. */
export interface Likeness {
  spearman: ReadonlyArray<number | null>; total: number; mean: number | null;
  chance: readonly [number | null, number | null];
}
/** The check of a method for a class, so far: `total` stages are to come in all. */
export interface SanityCheck {
  method: string; title: string; target: number; total: number; done: boolean; mean: number | null;
  stages: readonly SanityStage[];
}
/** The trait `photograph`: the whole of what the `picture` was made of, at most some 1600 pixels
 * large. `window` is the part that the network was given, in shares: left, top, width, height. Its
 * data, which no notebook is to keep, comes as a message; a saved page has it here. */
export interface Photograph extends Picture {
  window: readonly [number, number, number, number]; key: string;
}
/** The data of the photograph with this key, in the buffer. */
export interface PhotographMessage { kind: "photograph"; key: string }
/** A map that nobody has asked for yet; its data is in the buffer. */
export interface PrefetchedMessage { kind: "prefetched"; frame: Frame }
/** The brush. Buffers: its module, the blurred picture (`mime`), the probabilities of the unpainted
 * picture, and what is painted now: the mask's runs and its probabilities. */
export interface BrushMessage {
  kind: "brush"; fills: readonly string[]; mean: readonly number[]; mime: string;
  fill?: string | null;
}
/** A stroke of the view `by`, its mask's runs in the buffer. An empty mask clears. The answer is
 * filled up with `full` bytes without meaning, so that it fills a packet and comes sooner. `ended`:
 * nobody paints now, and a map that takes its time may be made. */
export interface PaintRequest {
  kind: "paint"; by: string; seq: number; fill: string; full?: number; ended?: boolean;
}
/** The answer to a stroke, for all views. Buffers: the class probabilities, and the mask's runs.
 * `map`: a map of the painted picture follows now, after the stroke, or never. */
export interface PaintedMessage {
  kind: "painted"; by: string; seq: number; fill: string; failed?: boolean;
  map?: "now" | "after" | "never";
}
/** A map of the painted picture, its data in the buffer, or `failed`, the words why there is none.
 * Where two maps are compared it is the first or the `second`; `more`: that one follows. */
export interface PaintedMapMessage {
  kind: "painted_map"; by: string; seq: number; frame?: Frame; second?: boolean; more?: boolean;
  failed?: string;
}
/** A picture, and what the network says of it: (class, probability) of the classes that were likely
 * at first and of the likeliest now, and the latter's index and name. */
export interface JudgedPicture extends Picture {
  chances: ReadonlyArray<readonly [number, number]>; label: number; label_name: string;
}
/** The trait `reconstruction`: what the VAE alone makes of the picture, the edited picture while no
 * slider is moved, and the classes that are likely. */
export interface Reconstruction {
  target: FrameTarget; classes: readonly ClassScore[]; reconstruction: JudgedPicture;
  rest: JudgedPicture;
}
/** The trait `frame`: a distillation. `maps` are by read-out; of the neighbours, `scores`,
 * `coordinate` and `probability` are float32, `kept` is uint8, one each. */
export interface RelabelFrame {
  seq: number; target: FrameTarget; maps: Readonly<Record<string, QuantisedMap>>; scores: Bytes;
  coordinate: Bytes; kept: Bytes; probability: Bytes; count: number; sentence: string;
  warnings: readonly string[]; fidelity: number | null; kept_share: number | null;
  scale: number | null; error: number | null; keeps_label: boolean; partial: boolean;
  fraction: number; seconds: number;
}
/** What is at an end of a slider: a small picture, and what the network takes it for. */
export interface SliderEnd extends Picture { label_name: string; probability: number | null }
/** The class whose probability (or number) differs most between the ends, and by how much it is
 * more at the high one. */
export interface SliderChange { name: string; by: number; unit?: "probability" | "number" }
/** A slider. `flip` is where the label turns, `becomes` the class it turns to; `ends` are what is
 * at its low and its high end, `change` what is different there. */
export interface SliderRow {
  name: string; low: number; high: number; weight: number | null; flip: number | null;
  becomes?: string | null; ends?: readonly SliderEnd[]; change?: SliderChange;
}
/** The trait `sliders`. `better`: those of more neighbours wait until they are asked for. */
export interface Sliders { run: number; shown: readonly SliderRow[]; better: boolean }
/** The trait `edited`: the picture where the sliders stand. `answer` counts the moves. */
export interface Edited extends JudgedPicture {
  values: readonly number[]; neighbour: number; run: number; score: number | null; answer: number;
}
/** The picture of a neighbour. */
export interface NeighbourPicture extends Picture { neighbour: number }
/** An item of `frames`: a position of a slider, or a neighbour. */
export interface LatentSaved extends JudgedPicture {
  slider?: number; value?: number; neighbour?: number; score: number | null;
}
/** To the browser: pictures of neighbours, their data in buffers. */
export interface NeighboursMessage {
  kind: "neighbours"; run: number; pictures: readonly NeighbourPicture[];
}
/** The trait `plan`. `steps` are those of an epoch, `weight` that of the regularisation. */
export interface TrainingPlan {
  epochs: number; steps: number; weight: number; regularised: boolean;
}
/** The trait `loss`: `x` in shares of the training, each term at these points. */
export interface LossCurve {
  x: readonly number[]; total: ReadonlyArray<number | null>;
  classification: ReadonlyArray<number | null>; regularization: ReadonlyArray<number | null>;
}
/** An item of the trait `epochs`: what was measured after an epoch. */
export interface EpochMeasures {
  epoch: number; accuracy: number | null; test_accuracy: number | null; cosine: number | null;
}
/** The trait `step`: the latest step. Terms that are not finite are left out. */
export interface TrainingStep {
  epoch: number; step: number; accuracy?: number | null; learning_rate?: number; total?: number;
  classification?: number; regularization?: number;
}
/** A gradient; or only the `error` that says why there is none. */
export interface GradientMap extends QuantisedMap { error: string }
/** A picture after an epoch: what the network says of it, its plain and its guided gradient. */
export interface PictureGradients {
  top: ClassScore; right: boolean; cosine: number | null; maps: readonly GradientMap[];
}
/** The trait `frame`, and an item of `frames`: the gradients after so many epochs. */
export interface GradientLook { seq?: number; epoch: number; pictures: readonly PictureGradients[] }
/** To the browser: a look that was made before the view listened, its maps' data in buffers. */
export interface LookMessage { kind: "look"; frame: GradientLook }
