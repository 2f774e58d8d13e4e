'use strict';

/** The audit of violations: where they are written down, and how they come into a table. */

const { checked, told } = require('./errors.js');
const input = require('./input.js');
const native = require('./native.js');

const EVERY_MS = 1_000;
const EVERY_MS_MAX = 86_400_000;
const RECORDS_MAX = 10_000;

/** The addon's side of a sink; `undefined` for any other object. */
let sinkOf;

/** Violations in the files of a directory, written before the caller is answered. */
class Journal {
  #native;
  #shippers = new Set();

  static {
    sinkOf = (given) => (#native in given ? given.#native : undefined);
  }

  constructor(opened) {
    this.#native = opened;
  }

  async reconcile(table) {
    return this.#reconcile(appending(table), () => false);
  }

  ship(table, options) {
    const { everyMs = EVERY_MS } = input.options(options, ['everyMs']);
    if (!(everyMs >= 1 && everyMs <= EVERY_MS_MAX)) {
      throw new RangeError(`\`everyMs\` must be from 1 to ${EVERY_MS_MAX}`);
    }
    const append = appending(table);
    const shipper = new Shipper((isOver) => this.#reconcile(append, isOver), everyMs);
    this.#shippers.add(shipper);
    return shipper;
  }

  counters() {
    return this.#native.counters();
  }

  close() {
    for (const shipper of this.#shippers) shipper.end();
    this.#shippers.clear();
    this.#native.close();
  }

  [Symbol.dispose]() {
    this.close();
  }

  async #reconcile(append, isOver) {
    const pass = this.#native.reconciling();
    for (let batch = pass.batch(); batch != null; batch = pass.batch()) {
      try {
        await append(JSON.parse(batch));
      } catch (error) {
        return { ...pass.end(true), error: error ?? new Error('the table failed') };
      }
      pass.kept();
      if (isOver()) break;
    }
    return { ...pass.end(false), error: null };
  }
}

/** Brings a journal into a table again and again. */
class Shipper {
  #isOver = false;
  #timer;
  #pass;

  constructor(reconcile, everyMs) {
    const ship = async () => {
      await reconcile(() => this.#isOver);
      if (this.#isOver) return;
      this.#timer = setTimeout(() => {
        this.#pass = ship();
      }, everyMs);
      // A process that has nothing else to do may end: what is left stays in the journal.
      this.#timer.unref();
    };
    this.#pass = ship();
  }

  /** Lets it end after the batch that it is at. */
  end() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async stop() {
    this.end();
    await this.#pass;
  }
}

/** Violations in the memory of this process, for tests. */
class AuditMemory {
  #native;

  static {
    const journals = sinkOf;
    sinkOf = (given) => (#native in given ? given.#native : journals(given));
  }

  constructor(made) {
    this.#native = made;
  }

  records() {
    return JSON.parse(this.#native.records());
  }

  take() {
    return JSON.parse(this.#native.take());
  }

  close() {}
}

/** Opens a directory as a journal, or makes it. */
function journal(directory, options) {
  const { bytesMax } = input.options(options, ['bytesMax']);
  const opened = native.openJournal(input.text(directory, '`directory`'), bytesMax);
  if (checked(opened).failure != null) throw told(opened.failure);
  return new Journal(opened.journal);
}

/** Keeps violations in memory. */
function auditMemory(options) {
  const { recordsMax = RECORDS_MAX } = input.options(options, ['recordsMax']);
  return new AuditMemory(checked(native.auditMemory(recordsMax)).memory);
}

/** The addon's side of what a gate is given as its role `audit`. */
function sink(given) {
  if (given === undefined) return undefined;
  const own = typeof given === 'object' && given !== null ? sinkOf(given) : undefined;
  if (own !== undefined) return own;
  throw new TypeError(`\`audit\` must be a journal or an auditMemory, not ${input.kind(given)}`);
}

function appending(table) {
  if (typeof table === 'function') return table;
  if (typeof table?.append === 'function') return (records) => table.append(records);
  const given = input.kind(table);
  throw new TypeError(`\`table\` must have a method \`append\`, or be a function, not ${given}`);
}

module.exports = { auditMemory, journal, sink };
