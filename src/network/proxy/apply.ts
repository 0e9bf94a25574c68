import { backOff } from '../../client/back-off.js'
import { type Clock, sleep, systemClock } from '../../machinery/clock.js'
import { messageOf } from '../../machinery/message-of.js'
import { ProgramError, type RunProgram, runProgram, unlessAbsent } from '../run-program.js'
import {
  afterUpdate,
  emptyTable,
  removalScript,
  replaceScript,
  type Table,
  tableOf,
  updateScript,
} from './nft-script.js'
import type { Ruleset } from './ruleset.js'

export interface ApplierOptions {
  /** What the kernel should do now. Asked for again after every change. */
  readonly ruleset: () => Ruleset
  /** Hears of every ruleset that has taken effect, and of the one before. */
  readonly onApplied?: (ruleset: Ruleset, before: Ruleset | undefined) => void
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
  /** In place of `Math.random`. */
  readonly random?: () => number
  readonly run?: RunProgram
}

/** The rules are compared with what is in the kernel once in an hour: others can change them behind our back. */
const resyncMs = 3_600_000
const retries = { initial: 200, maximum: 30_000 }

/** How to go from what is in the kernel to what is wanted, from the gentlest to the surest. */
type Way = 'update' | 'adopt' | 'replace'

/**
 * Keeps an nft table as `ruleset` says. Each update is one transaction, so that no connection ever meets half a
 * ruleset, and there is one at a time: changes that come meanwhile go into the next. A failed update leaves the rules
 * that were there in force, and is tried again with the whole table. Rules stay when the applier is disposed of.
 */
export class RulesetApplier implements AsyncDisposable {
  readonly #clock: Clock
  readonly #run: RunProgram
  readonly #stopping = new AbortController()
  #changed = false
  #working: Promise<void> | undefined
  /** Whatever an earlier process left keeps working until the first update, and client affinities outlive it. */
  #way: Way = 'adopt'
  #table: Table = emptyTable
  #applied: Ruleset | undefined
  #failures = 0
  #updates = 0
  #resync: Disposable | undefined
  #waiting: (() => void)[] = []

  constructor(private readonly options: ApplierOptions) {
    this.#clock = options.clock ?? systemClock
    this.#run = options.run ?? runProgram
  }

  /** What the kernel does; undefined before the first success. */
  get applied(): Ruleset | undefined {
    return this.#applied
  }

  /** False while the last attempt has failed. */
  get healthy(): boolean {
    return this.#failures === 0
  }

  /** Transactions that have taken effect. */
  get updates(): number {
    return this.#updates
  }

  /** Says that `ruleset` may answer something else now. Returns at once. */
  changed(): void {
    if (this.#stopping.signal.aborted) return
    this.#changed = true
    this.#working ??= this.#work()
  }

  /** Resolves once every change so far is in effect, or the applier is disposed of. */
  async settled(): Promise<void> {
    if (this.#working && !this.#stopping.signal.aborted) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    this.#resync?.[Symbol.dispose]()
    await this.#working
    this.#release()
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopping
    // Changes that arrive together, in one message of a watch, are one change.
    await Promise.resolve()
    while (this.#changed && !signal.aborted) {
      this.#changed = false
      try {
        await this.#apply()
        this.#failures = 0
      } catch (error) {
        if (signal.aborted) break
        this.#changed = true
        this.#failures++
        const refused = error instanceof ProgramError && error.code !== null
        const another = refused && this.#way !== 'replace'
        this.#way = 'replace'
        this.options.onError(new Error(`the service rules could not be updated: ${messageOf(error)}`, { cause: error }))
        if (!another)
          await sleep(this.#clock, backOff(this.#failures, retries, this.options.random ?? Math.random), signal).catch(
            () => {},
          )
      }
    }
    this.#working = undefined
    if (!signal.aborted) this.#resyncLater()
    this.#release()
  }

  async #apply(): Promise<void> {
    const { options } = this
    const wanted = options.ruleset()
    const before = this.#applied
    const way = this.#way
    if (way === 'adopt') this.#table = await this.#present(wanted)
    if (way === 'replace') this.#table = emptyTable
    const update =
      way === 'replace'
        ? replaceScript(wanted)
        : `${way === 'adopt' ? `add table ${wanted.family} ${wanted.table}\n` : ''}${updateScript(this.#table, wanted)}`
    if (update) {
      await this.#nft(update)
      this.#updates++
    }
    this.#table = afterUpdate(this.#table, wanted)
    this.#applied = wanted
    this.#way = 'update'
    if (update) options.onApplied?.(wanted, before)
    const removal = removalScript(this.#table, wanted)
    if (!removal) return
    try {
      await this.#nft(removal)
      this.#table = wanted
    } catch (error) {
      // What is left over is empty and does nothing; it goes with a later update.
      if (!(error instanceof ProgramError)) throw error
    }
  }

  /** What an earlier process left. */
  async #present({ family, table }: Ruleset): Promise<Table> {
    const argv = ['nft', '--terse', 'list', 'table', family, table] as const
    try {
      return tableOf(await this.#run(argv, { signal: this.#stopping.signal }))
    } catch (error) {
      if (error instanceof ProgramError && error.output.includes('No such file or directory') && error.code !== null)
        return emptyTable
      throw error
    }
  }

  async #nft(input: string): Promise<void> {
    // An update under way is left to finish when the applier stops: a killed nft may or may not have done it.
    await this.#run(['nft', '--file', '-'], { input })
  }

  #resyncLater(): void {
    this.#resync ??= this.#clock.after(resyncMs, () => {
      this.#resync = undefined
      this.#way = 'adopt'
      this.changed()
    })
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** Removes a proxy's table of either family, if it is there. Throws a `ProgramError` if nft cannot. */
export async function removeRules(
  tableName: string,
  { run = runProgram }: { readonly run?: RunProgram } = {},
): Promise<void> {
  // A kernel without a family has no tables of it, and a machine without nft no tables at all.
  for (const family of ['ip', 'ip6'])
    await unlessAbsent(run(['nft', 'delete', 'table', family, tableName]), /No such file or directory|not supported/)
}
