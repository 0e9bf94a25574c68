/** Random numbers that come again with their seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0 to `end`, exclusive. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  /** One of several. Throws if there is none. */
  of<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('there is nothing to choose from')
    return items[this.below(items.length)] as T
  }
}

/** Pieces that parsers stumble over. */
const pieces = [
  ...['{', '}', '[', ']', '"', "'", ':', ',', ';', '=', '!', '(', ')', '<', '>', '\\', '/', '//', '%', '%2F', '%zz'],
  ...[
    'null',
    'true',
    '-1',
    '0',
    '-0',
    '1e309',
    '-1e-400',
    '9223372036854775808',
    '99999999999999999999',
    '0x10',
    '1_0',
  ],
  ...['""', '{}', '[]', '[[[[', '{"a":', '{"a":{"a":{"a":', '\u0000', '\ud800', '\ufeff', '\u2028', 'é', '𐀀', '\r\n'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '$patch',
    '$retainKeys',
    '$setElementOrder/a',
    '$deleteFromPrimitiveList/a',
  ],
  ...[
    '&a ',
    '*a',
    '<<: *a',
    '!!binary ',
    '!!set ',
    '--- ',
    '...',
    '? ',
    '| ',
    '>- ',
    '- ',
    '# ',
    '@',
    '`',
    '\t',
    '%YAML 1.1',
  ],
  ...[
    ' in (',
    ' notin ',
    '!=',
    '==',
    'a,',
    '*',
    '*/*',
    ';q=0.5',
    ';q=nan',
    ';as=Table;v=v1;g=meta.k8s.io',
    ';stream=watch',
  ],
  ...[
    '1Ki',
    '1.5e3Gi',
    '1h',
    '2026-11-21T00:00:00Z',
    '0000-00-00',
    '..',
    '.',
    '~1',
    '~0',
    '/-',
    '-1',
    'metadata',
    'spec',
  ],
]

/** The text with a few changes. */
export function mutateText(text: string, random: Random): string {
  let changed = text
  for (let changes = 1 + random.below(3); changes > 0; changes--) changed = changeText(changed, random)
  return changed
}

function changeText(text: string, random: Random): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + random.below(12))
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at) + random.of(pieces) + text.slice(at)
    case 1:
      return text.slice(0, at) + random.of(pieces) + text.slice(end)
    case 2:
      return text.slice(0, at) + text.slice(end)
    case 3:
      return text.slice(0, at)
    case 4: {
      // A part comes many times: what nests, or is looked for again and again, shows.
      const part = text.slice(at, end)
      return text.slice(0, at) + part.repeat(1 + random.below(random.once(10) ? 2000 : 5)) + text.slice(at)
    }
    case 5:
      return text.replace(/\d+/g, number => (random.once(4) ? random.of(pieces) : number))
    default: {
      const word = random.of(text.split(/[^\w.-]+/))
      return text.slice(0, at) + word + text.slice(end)
    }
  }
}

/** The bytes with a few changes. */
export function mutateBytes(bytes: Uint8Array, random: Random): Buffer {
  let changed = Buffer.from(bytes)
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(changed.length + 1)
    const end = Math.min(changed.length, at + random.below(8))
    const inserted = Buffer.from(
      Array.from({ length: random.below(6) }, () => random.of([random.below(256), 0, 255, 128])),
    )
    if (random.once(8)) changed = changed.subarray(0, at)
    else if (random.once(2) && at < changed.length) changed[at] = random.below(256)
    else changed = Buffer.concat([changed.subarray(0, at), inserted, changed.subarray(end)])
  }
  return changed
}
