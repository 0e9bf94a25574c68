/** What a key holds: which write made it, and when it expires (milliseconds since the epoch; 0 for never). */
export interface KeyState {
  readonly revision: number
  readonly deadline: number
}

export interface WriteRequest {
  /** `expire` is a delete that nobody waits for. */
  readonly type: 'create' | 'update' | 'delete' | 'expire'
  readonly key: string
  /** What to write; not for a delete. */
  readonly value?: Uint8Array
  /** The revision the key must have; of no meaning for `create`, where there must be nothing. */
  readonly expectedRevision: number
  /** See `KeyState`. */
  readonly deadline: number
}

/** A write that takes place, at its revision. A delete has no value. */
export interface PlannedWrite extends KeyState {
  readonly key: string
  readonly value: Uint8Array | undefined
  readonly previous: KeyState | undefined
}

/** What became of a request: the write, or what the key holds instead of what was expected. */
export type Verdict = { readonly write: PlannedWrite } | { readonly instead: KeyState | undefined }

/**
 * Judges requests one after the other, each on what those before it leave behind. The writes take the revisions after
 * `newest`, without a gap. `lookup` says what keys hold before the first.
 */
export function planWrites(
  requests: readonly WriteRequest[],
  newest: number,
  lookup: (key: string) => KeyState | undefined,
): { readonly writes: readonly PlannedWrite[]; readonly verdicts: readonly Verdict[] } {
  const states = new Map<string, KeyState | undefined>()
  const writes: PlannedWrite[] = []
  const verdicts = requests.map((request): Verdict => {
    const { key, value } = request
    const previous = states.has(key) ? states.get(key) : lookup(key)
    if (request.type === 'create' ? previous : previous?.revision !== request.expectedRevision) {
      states.set(key, previous)
      return { instead: previous }
    }
    const write = { key, value, previous, revision: newest + writes.length + 1, deadline: request.deadline }
    states.set(key, value ? write : undefined)
    writes.push(write)
    return { write }
  })
  return { writes, verdicts }
}
