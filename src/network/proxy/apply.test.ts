import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import { ProgramError, type RunProgram } from '../run-program.js'
import { RulesetApplier, removeRules } from './apply.js'
import type { Ruleset } from './ruleset.js'

const ruleset = (...rules: string[]): Ruleset => ({
  family: 'ip',
  table: 't',
  chains: new Map(rules.map(rule => [rule, { rules: [rule] }])),
  sets: new Map(),
  udp: new Map(),
})

/** nft, as far as the applier knows it: notes what it is told, and fails when the test says so. */
class FakeNft {
  readonly scripts: string[] = []
  listing: string | undefined
  fail: ((input: string) => string | undefined) | undefined
  /** Runs end when the test calls these; at once when undefined. */
  held: (() => void)[] | undefined

  readonly run: RunProgram = async (argv, { input = '' } = {}) => {
    if (argv.includes('list')) {
      if (this.listing === undefined) throw new ProgramError(argv, 1, 'Error: No such file or directory')
      return this.listing
    }
    const { held } = this
    if (held) await new Promise<void>(resolve => held.push(resolve))
    this.scripts.push(input.trim().replaceAll('\n', '; '))
    const message = this.fail?.(input)
    if (message) throw new ProgramError(argv, message === 'missing' ? null : 1, message)
    return ''
  }
}

function setUp(first: Ruleset) {
  const nft = new FakeNft()
  const clock = new ManualClock()
  const errors: string[] = []
  const applied: (readonly [Ruleset, Ruleset | undefined])[] = []
  const wanted = { ruleset: first }
  const applier = new RulesetApplier({
    ruleset: () => wanted.ruleset,
    onApplied: (ruleset, before) => applied.push([ruleset, before]),
    onError: error => errors.push(String(error)),
    clock,
    random: () => 0,
    run: nft.run,
  })
  const change = (ruleset: Ruleset) => {
    wanted.ruleset = ruleset
    applier.changed()
  }
  return { nft, clock, errors, applied, applier, change }
}

/** Lets everything that is due by now happen. */
async function idle(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise(setImmediate)
}

const [empty, a, b] = [ruleset(), ruleset('a'), ruleset('a', 'b')]

describe('applying rulesets', () => {
  it('begins with what is there, and then changes what changes', async () => {
    const { nft, applier, applied, change } = setUp(a)
    await using _ = applier
    nft.listing = 'table ip t {\n\tchain a {\n\t}\n\tchain old {\n\t}\n}\n'
    applier.changed()
    await applier.settled()
    change(b)
    await applier.settled()
    change(a)
    await applier.settled()
    applier.changed()
    await applier.settled()
    assert.deepEqual(nft.scripts, [
      'add table ip t; add chain ip t a; flush chain ip t a; add rule ip t a a; flush chain ip t old',
      'delete chain ip t old',
      'add chain ip t b; add rule ip t b b',
      'flush chain ip t b',
      'delete chain ip t b',
    ])
    assert.deepEqual(applied, [
      [a, undefined],
      [b, a],
      [a, b],
    ])
    assert.deepEqual([applier.updates, applier.healthy, applier.applied], [3, true, a])
  })

  it('makes one update of changes that come together or during an update', async () => {
    const { nft, applier, change } = setUp(empty)
    await using _ = applier
    nft.held = []
    for (const next of [empty, b, a]) change(next)
    await idle()
    assert.equal(nft.held.length, 1)
    for (const next of [b, empty, b]) change(next)
    await idle()
    assert.equal(nft.held.length, 1)
    nft.held.shift()?.()
    await idle()
    nft.held.shift()?.()
    await applier.settled()
    assert.deepEqual(nft.scripts, [
      'add table ip t; add chain ip t a; add rule ip t a a',
      'add chain ip t b; add rule ip t b b',
    ])
  })

  it('replaces everything when an update fails, and waits longer and longer when that fails too', async () => {
    const { nft, clock, errors, applier, change } = setUp(a)
    await using _ = applier
    applier.changed()
    await applier.settled()
    nft.scripts.length = 0
    nft.fail = () => 'Error: busy'
    change(b)
    await idle()
    const whole =
      'add table ip t; delete table ip t; add table ip t; add chain ip t a; add chain ip t b; add rule ip t a a; add rule ip t b b'
    assert.deepEqual(nft.scripts, ['add chain ip t b; add rule ip t b b', whole])
    assert.deepEqual([applier.healthy, applier.applied], [false, a])
    assert.match(errors[0] ?? '', /the service rules could not be updated: nft --file - failed with 1: Error: busy/)
    let runs = 2
    for (const wait of [400, 800]) {
      clock.advance(wait - 1)
      await idle()
      assert.equal(nft.scripts.length, runs)
      clock.advance(1)
      await idle()
      assert.equal(nft.scripts.length, ++runs)
    }
    nft.fail = undefined
    clock.advance(30_000)
    await applier.settled()
    assert.deepEqual(nft.scripts.slice(2), [whole, whole, whole])
    assert.deepEqual([applier.healthy, applier.applied], [true, b])
    assert.equal(errors.length, 4)
  })

  it('does not try at once again if there is no nft', async () => {
    const { nft, clock, errors, applier } = setUp(a)
    await using _ = applier
    nft.fail = () => 'missing'
    applier.changed()
    await idle()
    assert.equal(nft.scripts.length, 1)
    nft.fail = undefined
    clock.advance(200)
    await applier.settled()
    assert.equal(errors.length, 1)
    assert.ok(applier.healthy)
  })

  it('lives with chains that cannot be deleted yet', async () => {
    const { nft, errors, applier, change } = setUp(b)
    await using _ = applier
    applier.changed()
    await applier.settled()
    nft.scripts.length = 0
    nft.fail = input => (input.startsWith('delete') ? 'Error: Device or resource busy' : undefined)
    change(a)
    await applier.settled()
    assert.deepEqual(nft.scripts, ['flush chain ip t b', 'delete chain ip t b'])
    assert.deepEqual([applier.healthy, errors], [true, []])
    nft.fail = undefined
    change(ruleset('a', 'c'))
    await applier.settled()
    assert.deepEqual(nft.scripts.slice(2), ['add chain ip t c; add rule ip t c c', 'delete chain ip t b'])
  })

  it('looks once in an hour whether the rules are still there', async () => {
    const { nft, clock, applier } = setUp(a)
    await using _ = applier
    applier.changed()
    await applier.settled()
    nft.scripts.length = 0
    for (let hour = 0; hour < 2; hour++) {
      clock.advance(3_599_999)
      await idle()
      assert.equal(nft.scripts.length, hour)
      clock.advance(1)
      await applier.settled()
      assert.equal(nft.scripts.length, hour + 1)
    }
    assert.equal(nft.scripts[1], 'add table ip t; add chain ip t a; add rule ip t a a')
  })

  it('ends with the update that is under way', async () => {
    const { nft, applier, change } = setUp(a)
    nft.held = []
    applier.changed()
    await idle()
    const stopped = applier[Symbol.asyncDispose]()
    change(b)
    nft.held.shift()?.()
    await stopped
    await idle()
    assert.equal(nft.scripts.length, 1)
    await applier.settled()
  })
})

describe('removeRules', () => {
  const removal = async (failure?: ProgramError) => {
    const run: string[] = []
    await removeRules('t', {
      async run(argv) {
        run.push(argv.join(' '))
        if (failure) throw failure
        return ''
      },
    })
    return run
  }
  const commands = ['nft delete table ip t', 'nft delete table ip6 t']

  it('removes the table of either family', async () => assert.deepEqual(await removal(), commands))

  it('has nothing to do where there is none', async () => {
    assert.deepEqual(await removal(new ProgramError(['nft'], 1, 'Error: No such file or directory')), commands)
    const missing = new ProgramError(['nft'], null, '', { cause: Object.assign(new Error(), { code: 'ENOENT' }) })
    assert.deepEqual(await removal(missing), commands)
    await assert.rejects(removal(new ProgramError(['nft'], 1, 'Error: Operation not permitted')), /not permitted/)
  })
})
