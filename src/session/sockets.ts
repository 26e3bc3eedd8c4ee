import type { Socket } from "node:net";

/** Lets a socket read or not, as back-pressure asks. */
export function setReading(socket: Socket, isWanted: boolean): void {
  if (isWanted === !socket.isPaused()) return;
  if (isWanted) socket.resume();
  else socket.pause();
}

/** How long a peer may take to read the last of what it is sent. */
const FINISH_MS = 5_000;

export function finish(socket: Socket): void {
  socket.resume();
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
