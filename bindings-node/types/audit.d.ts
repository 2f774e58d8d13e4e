/** The audit of violations; `docs/tenancy.md` tells what is promised. */

import type { AuditOutcome, Operation, Severity, ViolationKind } from './index.js';

/** A violation as it is kept: nothing in it is personal. */
export interface AuditRecord {
  /** 32 hex digits. Together with `sequence` the name of the record: a table keeps one. */
  writer: string;
  /** The how-manieth of its writer, from 1 on and without a gap. */
  sequence: number;
  /** RFC 3339 in UTC with milliseconds. */
  at: string;
  tenant: string | null;
  kind: ViolationKind;
  operation: Operation;
  severity: Severity;
  subject: string | null;
  outcome: AuditOutcome;
}

/** Keeps all of these records or none; what is there already stays as it is and is no error. */
export type AuditAppend = (records: AuditRecord[]) => void | PromiseLike<void>;

/** Where records are kept and searched. */
export interface AuditTable {
  append: AuditAppend;
}

/** What bringing a journal into a table came to. */
export interface Reconciled {
  /** Records that the table took, or had already. */
  readonly shipped: number;
  /** Records cut short by the end of their process, whose callers were not answered. They are dropped. */
  readonly torn: number;
  /** Lines that are no records. Their file is put aside, its name ending in `.foreign`. */
  readonly foreign: number;
  /** Files, or the directory, that could not be read, deleted or put aside. */
  readonly unreadable: number;
  /** What the table threw, else `null`. All that is left stays in the journal: call it again. */
  readonly error: unknown;
}

/** What became of violations that this process recorded or reconciled. */
export interface AuditCounters {
  readonly written: number;
  readonly unwritten: number;
  readonly shipped: number;
  readonly tableFailures: number;
  readonly torn: number;
  readonly foreign: number;
  /** Records written here since the last reconciling that left nothing behind began. */
  readonly backlog: number;
}

declare const journalMarker: unique symbol;
declare const auditMemoryMarker: unique symbol;

/** Violations in the files of a directory, written before the caller is answered. */
export interface Journal {
  readonly [journalMarker]: true;
  /**
   * Brings what all processes have written into the table, and forgets what it has. A table that throws is told in
   * `error`; call it again: whatever happens in between, each record is in the table once.
   */
  reconcile(table: AuditTable | AuditAppend): Promise<Reconciled>;
  /**
   * Reconciles again and again, `everyMs` (1,000) in between, without keeping the process alive. It ends with `stop()`, or
   * with the journal, or with a gate of the journal.
   */
  ship(
    table: AuditTable | AuditAppend,
    options?: { readonly everyMs?: number | undefined },
  ): Shipper;
  /** What became of violations. */
  counters(): AuditCounters;
  /** Ends what ships it, and lets go of the file that is written. A violation that comes later opens another one. */
  close(): void;
  [Symbol.dispose](): void;
}

/** Brings a journal into a table; see `Journal.ship`. */
export interface Shipper {
  /** Ends it, and waits for the batch that it is at. */
  stop(): Promise<void>;
}

/** Violations in the memory of this process, for tests. */
export interface AuditMemory {
  readonly [auditMemoryMarker]: true;
  /** The records, oldest first. */
  records(): AuditRecord[];
  /** Takes the records out, oldest first. */
  take(): AuditRecord[];
}

/**
 * Opens a directory as a journal, or makes it; throws an `Error` if that fails. Once the directory holds `bytesMax`
 * (1 GiB), violations are counted as unwritten.
 */
export function journal(
  directory: string,
  options?: { readonly bytesMax?: number | undefined },
): Journal;

/** Keeps violations in memory, for tests; those above `recordsMax` (10,000) are counted as unwritten. */
export function auditMemory(options?: { readonly recordsMax?: number | undefined }): AuditMemory;
