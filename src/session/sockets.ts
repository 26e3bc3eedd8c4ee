import { type OnReadOpts, Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Bytes of one read, at most: as many as Node.js itself asks for. */
const READ_SIZE = 64 * 1024;

/** All sockets read into the same place: what arrives is copied before anything else can be read. */
const readBuffer = Buffer.allocUnsafeSlow(READ_SIZE);

/**
 * The option `onread` of a socket whose bytes go to `take`, in place of "data" events. A stream makes
 * a buffer of 64 KiB for every read and cuts it down again; to copy what came is a fraction of that.
 */
export function readingInto(take: (chunk: Buffer) => void): OnReadOpts {
  return {
    buffer: readBuffer,
    callback: (size) => {
      const chunk = Buffer.allocUnsafe(size);
      readBuffer.copy(chunk, 0, 0, size);
      take(chunk);
      return true;
    },
  };
}

/**
 * A socket in place of `socket`, on the same connection, whose bytes go to `take`. Sockets that a
 * server accepts can't be given `onread`, so their connection is handed on to one that can. What comes
 * in over TLS is decrypted by its own socket, which therefore stays, and `take` gets its "data"; so
 * it is where Node.js doesn't let go of the connection. One that was handed on stays open for writing
 * when the peer has said its last.
 */
export function readOn(socket: Socket, take: (chunk: Buffer) => void): Socket {
  const before: Socket & Handled = socket;
  const handle = before._handle;
  if (socket instanceof TLSSocket || handle === undefined || handle === null) {
    socket.on("data", take);
    return socket;
  }
  before._handle = null;
  const after = new Socket({
    ...{ handle, onread: readingInto(take), readable: true, writable: true },
    allowHalfOpen: true,
  });
  // It has no connection any more; its server has to know that it is gone.
  before.destroy();
  return after;
}

/** What Node.js has behind a socket; its types don't tell of it. */
interface Handled {
  _handle?: object | null;
}

/** Options of a connection over TCP: whether, and when, the system asks a silent peer for a sign of life. */
export function keepalive(idleMs: number): { keepAlive: boolean; keepAliveInitialDelay: number } {
  return { keepAlive: idleMs > 0, keepAliveInitialDelay: idleMs };
}

/** Lets a socket read or not, as back-pressure asks. Says whether that has changed. */
export function setReading(socket: Socket, isWanted: boolean): boolean {
  if (isWanted === !socket.isPaused()) return false;
  if (isWanted) socket.resume();
  else socket.pause();
  return true;
}

/** How long a peer may take to read the last of what it is sent. */
const FINISH_MS = 5_000;

/** Sends the last bytes and waits for the peer to close as well, reading on. */
export function finish(socket: Socket, last?: Buffer): void {
  socket.resume();
  if (last !== undefined) socket.write(last);
  socket.end();
  const timer = setTimeout(() => socket.destroy(), FINISH_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** Sends what is left and closes, without reading any more. */
export function abandon(socket: Socket): void {
  socket.end(() => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), FINISH_MS);
  socket.once("close", () => clearTimeout(timer));
}
