import { messageOf } from '../machinery/message-of.js'
import { OperatorError } from './operator-error.js'

/** Where progress is shown; `process.stderr` is one. */
export interface ProgressOutput {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** What a running step can say of itself. */
export interface Step {
  /** Replaces what is shown behind the title: what it is at, in a few words. */
  detail(text: string): void
}

/** Shows the steps of a command, each with the time it took. Disposing of it leaves the terminal clean. */
export interface Progress extends Disposable {
  /** Shows `title` while `run` works, and its time when it is done. Rethrows what it throws, shown as failed. */
  step<T>(title: string, run: (step: Step) => Promise<T>): Promise<T>
  /** Writes a line of its own. */
  note(text: string): void
}

export interface ProgressOptions {
  readonly env?: { readonly [name: string]: string | undefined }
  /** Milliseconds from any beginning. */
  readonly now?: () => number
  /** Calls back every now and then until disposed of; drives the spinner. */
  readonly every?: (ms: number, action: () => void) => Disposable
}

interface ActiveStep {
  readonly title: string
  readonly began: number
  detail: string
}

const COLORS = { bold: [1, 22], red: [31, 39], green: [32, 39], cyan: [36, 39], gray: [90, 39] } as const

type Color = keyof typeof COLORS

interface Look {
  readonly done: string
  readonly failed: string
  readonly frames: readonly string[]
  readonly paint: (color: Color, text: string) => string
}

const FRAME_MS = 80

const repeat = (ms: number, action: () => void): Disposable => {
  const timer = setInterval(action, ms)
  // Showing progress is no reason to stay.
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

const isUnicode = (env: { readonly [name: string]: string | undefined }): boolean =>
  /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '')

const lookFor = (output: ProgressOutput, env: { readonly [name: string]: string | undefined }): Look => {
  const unicode = isUnicode(env)
  const colored = output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return {
    done: unicode ? '✓' : 'ok',
    failed: unicode ? '✗' : 'failed',
    frames: unicode ? [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'] : [...'|/-\\'],
    paint: (color, text) => (colored ? `\x1b[${COLORS[color][0]}m${text}\x1b[${COLORS[color][1]}m` : text),
  }
}

/** A duration as people read it: `40 ms`, `1.2 s`, `2 min 5 s`. */
export const elapsed = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Shortens to the columns of a terminal, so that a line stays one line. */
const fit = (text: string, columns: number): string => (text.length > columns ? `${text.slice(0, columns - 1)}~` : text)

/**
 * Progress on a terminal is a line per running step that updates itself; elsewhere it is a line when a step begins and
 * one when it ends.
 */
export const showProgress = (output: ProgressOutput, options: ProgressOptions = {}): Progress => {
  const { env = process.env, now = () => performance.now(), every = repeat } = options
  const look = lookFor(output, env)
  const live = output.isTTY === true && env['TERM'] !== 'dumb'
  const active = new Set<ActiveStep>()
  let drawn = 0
  let frame = 0
  let spinner: Disposable | undefined

  const erase = (): string => (drawn > 0 ? `\x1b[${drawn}A\r\x1b[J` : '')
  /** Writes finished lines, with the running steps below them. */
  const draw = (lines: readonly string[] = []): void => {
    if (!live) {
      if (lines.length > 0) output.write(`${lines.join('\n')}\n`)
      return
    }
    const columns = output.columns || 80
    const running = [...active].map(({ title, began, detail }) => {
      const time = elapsed(now() - began)
      const text = fit(detail ? `${title}: ${detail}` : title, Math.max(columns - time.length - 4, 8))
      return `${look.paint('cyan', look.frames[frame % look.frames.length] ?? '')} ${text} ${look.paint('gray', time)}`
    })
    output.write(erase() + [...lines, ...running].map(line => `${line}\n`).join(''))
    drawn = running.length
    if (running.length > 0) {
      spinner ??= every(FRAME_MS, () => {
        frame++
        draw()
      })
    } else {
      spinner?.[Symbol.dispose]()
      spinner = undefined
    }
  }

  return {
    async step(title, run) {
      const step: ActiveStep = { title, began: now(), detail: '' }
      active.add(step)
      draw(live ? [] : [`${title} ...`])
      const finish = (mark: string): void => {
        active.delete(step)
        draw([`${mark} ${title} ${look.paint('gray', `(${elapsed(now() - step.began)})`)}`])
      }
      try {
        const result = await run({
          detail: text => {
            step.detail = text.split('\n', 1)[0] ?? ''
            if (live) draw()
          },
        })
        finish(look.paint('green', look.done))
        return result
      } catch (error) {
        finish(look.paint('red', look.failed))
        throw error
      }
    },
    note: text => draw(text.split('\n')),
    [Symbol.dispose]() {
      active.clear()
      draw()
    },
  }
}

/**
 * What to write about an error that ends a command: its message, what caused it, and what to do. Errors that are not
 * the operator's are shown with their stack, as they are ours.
 */
export const describeError = (error: unknown, output: ProgressOutput, env = process.env): string => {
  const { paint } = lookFor(output, env)
  const lines: string[] = []
  if (error instanceof OperatorError) {
    lines.push(`${paint('red', 'error:')} ${error.message}`)
    lines.push(...causes(error).map(cause => `  because: ${cause}`))
    lines.push(`${paint('bold', 'to do:')} ${error.remedy}`)
  } else {
    lines.push(`${paint('red', 'error:')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    lines.push(...causes(error).map(cause => `  because: ${cause}`))
  }
  return `${lines.join('\n')}\n`
}

/** The messages down the chain of causes that say something new. */
const causes = (error: unknown): string[] => {
  const said: string[] = []
  let told = messageOf(error)
  let current = error
  for (let depth = 0; depth < 10 && current instanceof Error && current.cause !== undefined; depth++) {
    current = current.cause
    const message = messageOf(current)
    if (!told.includes(message)) said.push(message)
    told += `\n${message}`
  }
  return said
}
