import { Client } from "../wire/frame-type.ts";

/**
 * What the client sent since the last Sync, kept so that it can be sent again when a name changed
 * under it. Only a batch that starts outside a transaction can be: all that it did is rolled back.
 */
export class ReplayBatch {
  readonly frames: Buffer[] = [];
  /** Something of it relies on physical names. */
  reliesOnNames = false;
  /** The client has seen a part of the answer. */
  isDelivered = false;
  /** It was sent again already; it is not a second time. */
  readonly isReplay: boolean;
  /** All of it is in `frames`. */
  isWhole = true;
  #size = 0;

  constructor(options: { readonly isReplay: boolean }) {
    this.isReplay = options.isReplay;
  }

  get canReplay(): boolean {
    return this.isWhole && !this.isDelivered && !this.isReplay;
  }

  add(frame: Buffer, sizeMax: number): void {
    this.#size += frame.length;
    if (this.#size > sizeMax) this.isWhole = false;
    if (this.isWhole) this.frames.push(Buffer.from(frame));
    else this.frames.length = 0;
  }
}

/** Whether the server will answer to the last of these by itself; else it waits for a Flush. */
export function endsByItself(frames: readonly Buffer[]): boolean {
  const type = frames.at(-1)?.[0];
  return type === Client.sync || type === Client.query || type === Client.functionCall;
}
