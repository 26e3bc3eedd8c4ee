import { constants, fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** Where a sink's bytes go. `handle` is undefined for a descriptor that isn't ours to close. */
export interface Outlet {
  readonly fd: number;
  readonly handle: FileHandle | undefined;
}

/** Only the owner may read an audit file; one that exists keeps its mode. */
const FILE_MODE = 0o600;

/** A file, made if missing, always appended to. Rejects if it can't be opened. */
export async function openFileOutlet(path: string): Promise<Outlet> {
  const handle = await open(path, "a", FILE_MODE);
  return { fd: handle.fd, handle };
}

/**
 * Something that is open already, such as standard output. A pipe is opened once more, so that it
 * can be made non-blocking for us alone: written as it is, a reader that stalls would block a thread
 * of Node's pool, and a process with such a thread can't even exit. All else is written through the
 * descriptor itself, whose position others may share.
 */
export async function openDescriptorOutlet(fd: number): Promise<Outlet> {
  if (!fstatSync(fd).isFIFO()) return { fd, handle: undefined };
  try {
    const handle = await open(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return { fd: handle.fd, handle };
  } catch {
    return { fd, handle: undefined }; // No /proc, or another user's pipe.
  }
}
