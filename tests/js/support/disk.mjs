// A disk in memory, as the file store sees it: what was written is there at once, and stays after a loss of power only once it was synced.
// Until then any part of it may stay: of a file's content a beginning, or holes; of the names in a folder any.

const S_IFDIR = 0o040000n;
const S_IFREG = 0o100000n;

const fault = (code, call) => Object.assign(new Error(`${code}: as the test wants it, ${call}`), { code });

/** Numbers from a seed. */
export function dice(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
}

export class Disk {
  /** What was done, as `call path`. */
  done = [];
  /** Called before each step; may throw. @type {(call: string, path: string, step: number) => void} */
  before = () => {};
  /** What a broken store leaves out: `sync` or `syncFolder`. */
  without = new Set();
  #inodes = 1;
  #time = 1_000_000_000_000n;
  #root = this.#folder();

  constructor() {
    const home = this.#folder();
    this.#root.names.set('home', home);
    this.#root.durable.set('home', home);
  }

  /** Milliseconds since 1970. */
  now = () => Number(this.#time / 1_000_000n);

  /** A node's names or bytes as they are, and as they would be after a loss of power. */
  #folder() {
    return { ino: this.#inodes++, mode: 0o700n, names: new Map(), durable: new Map(), pending: [], time: this.#time };
  }

  #file(mode) {
    return { ino: this.#inodes++, mode: BigInt(mode), bytes: Buffer.alloc(0), durable: Buffer.alloc(0), time: this.#time };
  }

  #at(path) {
    const parts = path.split('/').filter(Boolean);
    const name = parts.pop();
    let parent = this.#root;
    for (const part of parts) {
      parent = parent.names?.get(part);
      if (!parent) throw fault('ENOENT', path);
    }
    if (!parent.names) throw fault('ENOTDIR', path);
    return { parent, name, node: parent.names.get(name) };
  }

  #step(call, path) {
    this.done.push(`${call} ${path}`);
    this.before(call, path, this.done.length);
    this.#time += 1_000_000n;
  }

  /** Changes names, in one piece. */
  #change(...changes) {
    for (const [folder, name, node] of changes) {
      if (node) folder.names.set(name, node);
      else folder.names.delete(name);
      folder.pending.push([name, node]);
    }
  }

  #stat(node) {
    const ms = node.time / 1_000_000n;
    return {
      dev: 1n, ino: BigInt(node.ino), uid: 0n, mode: node.mode | (node.names ? S_IFDIR : S_IFREG), size: BigInt(node.bytes?.length ?? 0),
      mtimeMs: ms, ctimeMs: ms, mtimeNs: node.time, ctimeNs: node.time,
      isFile: () => !node.names, isDirectory: () => Boolean(node.names), isSymbolicLink: () => false,
    };
  }

  /** What is used of node:fs/promises. */
  fs = {
    stat: async (path) => this.fs.lstat(path),
    lstat: async (path) => {
      this.#step('lstat', path);
      const { node } = this.#at(path);
      if (!node) throw fault('ENOENT', path);
      return this.#stat(node);
    },
    readdir: async (path) => {
      this.#step('readdir', path);
      const { node } = this.#at(path);
      if (!node) throw fault('ENOENT', path);
      return [...node.names.keys()];
    },
    mkdir: async (path) => {
      this.#step('mkdir', path);
      const { parent, name, node } = this.#at(path);
      if (node) throw fault('EEXIST', path);
      this.#change([parent, name, this.#folder()]);
    },
    rmdir: async (path) => {
      this.#step('rmdir', path);
      const { parent, name, node } = this.#at(path);
      if (!node) throw fault('ENOENT', path);
      if (node.names.size > 0) throw fault('ENOTEMPTY', path);
      this.#change([parent, name, undefined]);
    },
    unlink: async (path) => {
      this.#step('unlink', path);
      const { parent, name, node } = this.#at(path);
      if (!node) throw fault('ENOENT', path);
      this.#change([parent, name, undefined]);
    },
    rename: async (from, to) => {
      this.#step('rename', to);
      const [one, other] = [this.#at(from), this.#at(to)];
      if (!one.node) throw fault('ENOENT', from);
      this.#change([other.parent, other.name, one.node], [one.parent, one.name, undefined]);
    },
    utimes: async () => {},
    open: async (path, flags, mode = 0o666) => {
      this.#step('open', path);
      let { parent, name, node } = this.#at(path);
      if (flags === 'wx') {
        if (node) throw fault('EEXIST', path);
        node = this.#file(mode);
        node.time = this.#time;
        this.#change([parent, name, node]);
      }
      if (!node) throw fault('ENOENT', path);
      let isOpen = true;
      this.open += 1;
      return {
        stat: async () => {
          this.#step('fstat', path);
          return this.#stat(node);
        },
        chmod: async (mode) => {
          this.#step('fchmod', path);
          node.mode = BigInt(mode);
        },
        readFile: async () => {
          this.#step('read', path);
          return Buffer.from(node.bytes);
        },
        writeFile: async (content) => {
          // In two steps, so that power may be lost in the middle.
          const bytes = Buffer.from(content);
          for (const part of [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)]) {
            this.#step('write', path);
            node.bytes = Buffer.concat([node.bytes, part]);
            node.time = this.#time;
          }
        },
        sync: async () => {
          this.#step(node.names ? 'syncFolder' : 'sync', path);
          if (this.without.has(node.names ? 'syncFolder' : 'sync')) return;
          if (node.names) [node.durable, node.pending] = [new Map(node.names), []];
          else node.durable = node.bytes;
        },
        close: async () => {
          if (isOpen) this.open -= 1;
          isOpen = false;
        },
      };
    },
  };

  /** How many files are open. */
  open = 0;

  /** Takes the power away: what is left after the next start, as chance has it. @param {(limit: number) => number} random */
  cut(random) {
    const visit = (node) => {
      const names = new Map(node.durable);
      for (const [name, child] of node.pending) {
        if (random(2) === 0) continue;
        if (child) names.set(name, child);
        else names.delete(name);
      }
      node.names = names;
      node.durable = new Map(names);
      node.pending = [];
      for (const child of names.values()) {
        if (child.names) visit(child);
        else this.#cutFile(child, random);
      }
    };
    visit(this.#root);
    this.before = () => {};
    this.open = 0;
  }

  #cutFile(node, random) {
    if (node.bytes === node.durable) return;
    const bytes = Buffer.from(node.bytes.subarray(0, node.durable.length + random(node.bytes.length - node.durable.length + 1)));
    if (bytes.length > 0 && random(2) === 0) bytes.fill(0, random(bytes.length)); // a length that was stored, without what is there
    if (random(3) === 0) node.bytes = node.durable;
    else node.bytes = bytes;
    node.durable = node.bytes;
  }

  /** Each file, by its path. */
  files(node = this.#root, path = '') {
    const found = {};
    for (const [name, child] of node.names) {
      if (child.names) Object.assign(found, { [`${path}/${name}/`]: '' }, this.files(child, `${path}/${name}`));
      else found[`${path}/${name}`] = `${child.bytes}`;
    }
    return found;
  }

  mode(path) {
    return this.#at(path).node.mode;
  }
}
