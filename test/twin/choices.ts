import * as fc from "fast-check";

/**
 * The decisions that lead to a text: numbers drawn one after the other. 0 always is the simplest one,
 * and a part that begins with a 0 needs no other, so that a text shrinks part by part.
 */
export class Choices {
  readonly drawn: number[] = [];
  /** Where each part of the text begins and ends in `drawn`, outer ones first. */
  readonly parts: { readonly start: number; end: number }[] = [];
  readonly #draw: (position: number) => number;

  constructor(draw: (position: number) => number) {
    this.#draw = draw;
  }

  /** A number below `count`. */
  pick(count: number): number {
    const value = this.#draw(this.drawn.length) % count;
    this.drawn.push(value);
    return value;
  }

  of<const Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.pick(items.length)] ?? items[0];
  }

  /** True once in so many times. */
  chance(oneIn: number): boolean {
    return this.pick(oneIn) === oneIn - 1;
  }

  /** A list of at least `min` and at most `max` items. */
  many<Item>(min: number, max: number, build: (index: number) => Item): Item[] {
    const count = min + this.pick(max - min + 1);
    return Array.from({ length: count }, (_, index) => build(index));
  }

  part<Text>(build: () => Text): Text {
    const part = { start: this.drawn.length, end: 0 };
    this.parts.push(part);
    const text = build();
    part.end = this.drawn.length;
    return text;
  }
}

/** What came of a list of decisions, and the list, by which it is made again. */
export interface Chosen<Value> {
  readonly value: Value;
  readonly drawn: readonly number[];
  readonly parts: readonly { readonly start: number; readonly end: number }[];
}

const RANGE = 0x7fff_ffff;

/** Values that a function makes out of decisions, as fast-check wants them: seeded, and shrinking. */
export class ChosenArbitrary<Value> extends fc.Arbitrary<Chosen<Value>> {
  readonly #build: (choices: Choices) => Value;

  constructor(build: (choices: Choices) => Value) {
    super();
    this.#build = build;
  }

  override generate(random: fc.Random): fc.Value<Chosen<Value>> {
    return new fc.Value(
      this.#made(() => random.nextInt(0, RANGE)),
      undefined,
    );
  }

  override canShrinkWithoutContext(value: unknown): value is Chosen<Value> {
    return typeof value === "object" && value !== null && "drawn" in value;
  }

  /** A part becomes the simplest one, or goes, or one of its own parts takes its place. */
  override shrink(value: Chosen<Value>): fc.Stream<fc.Value<Chosen<Value>>> {
    return fc.stream(this.#simpler(value));
  }

  *#simpler(value: Chosen<Value>): IterableIterator<fc.Value<Chosen<Value>>> {
    for (const drawn of simplerLists(value)) {
      if (drawn.length > value.drawn.length) continue;
      const made = this.#made((position) => drawn[position] ?? 0);
      if (isSimpler(made.drawn, value.drawn)) yield new fc.Value(made, undefined);
    }
  }

  #made(draw: (position: number) => number): Chosen<Value> {
    const choices = new Choices(draw);
    const value = this.#build(choices);
    return { value, drawn: choices.drawn, parts: choices.parts };
  }
}

function* simplerLists({ drawn, parts }: Chosen<unknown>): Generator<number[]> {
  const bySize = [...parts].sort((a, b) => b.end - b.start - (a.end - a.start));
  for (const { start, end } of bySize) {
    if (end - start > 1) yield [...drawn.slice(0, start), 0, ...drawn.slice(end)];
  }
  for (const { start, end } of bySize) {
    let done = start;
    for (const inner of parts) {
      // Only the parts right inside of it: those inside of these come when they have taken its place.
      const isInside =
        inner.start >= done && inner.end <= end && inner.end - inner.start < end - start;
      if (!isInside) continue;
      done = inner.end;
      const kept = drawn.slice(inner.start, inner.end);
      yield [...drawn.slice(0, start), ...kept, ...drawn.slice(end)];
    }
  }
  for (const size of [8, 4, 2, 1]) {
    for (let start = 0; start < drawn.length; start++) {
      yield [...drawn.slice(0, start), ...drawn.slice(start + size)];
    }
  }
  for (const [index, value] of drawn.entries()) {
    for (const smaller of new Set([0, value >> 1, value - 1])) {
      if (smaller < 0 || smaller >= value) continue;
      yield [...drawn.slice(0, index), smaller, ...drawn.slice(index + 1)];
    }
  }
}

/** Shorter, or of the same length and first smaller: so that shrinking comes to an end. */
function isSimpler(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return one.length < other.length;
  const index = one.findIndex((value, position) => value !== other[position]);
  return index >= 0 && (one[index] ?? 0) < (other[index] ?? 0);
}
