// The file in which compiled code is kept: the length of an index, the index (JSON), and the data.
import * as fs from "node:fs";
import * as path from "node:path";

/** A file that grows beyond this drops what the last run did not use, in bytes. */
const largest = 32 * 1024 * 1024;

/** Key, offset into the data, length. */
type IndexEntry = readonly [string, number, number];

/** Reads a cache; an unreadable one is empty. */
export function readCache(file: string): Map<string, Buffer> {
  try {
    const all = fs.readFileSync(file);
    const start = 4 + all.readUInt32LE(0);
    const index = JSON.parse(all.toString("latin1", 4, start)) as readonly IndexEntry[];
    return new Map(
      index.map(([key, at, length]) => [key, all.subarray(start + at, start + at + length)]),
    );
  } catch {
    return new Map();
  }
}

/**
 * Writes a cache, in one step; a folder that cannot be written to is no error.
 *
 * @param used the keys that are kept whatever the size
 */
export function writeCache(
  file: string,
  entries: ReadonlyMap<string, Buffer>,
  used: readonly string[],
): void {
  const total = [...entries.values()].reduce((sum, { length }) => sum + length, 0);
  const keys = total > largest ? used : [...entries.keys()];
  const data = keys.map((key) => entries.get(key) ?? Buffer.alloc(0));
  let end = 0;
  const index = keys.map((key, i): IndexEntry => {
    const { length } = data[i] ?? Buffer.alloc(0);
    end += length;
    return [key, end - length, length];
  });
  const head = Buffer.from(JSON.stringify(index), "latin1");
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length);
  const unfinished = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(unfinished, Buffer.concat([size, head, ...data]));
    fs.renameSync(unfinished, file);
  } catch {
    fs.rmSync(unfinished, { force: true });
  }
}
