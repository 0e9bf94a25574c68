import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OperatorError } from './operator-error.js'
import { describeError, elapsed, showProgress } from './progress.js'

/** A control sequence, with its number and its letter, or one character. */
const TOKEN = new RegExp(`${String.fromCharCode(27)}\\[(\\d*)([A-Za-z])|[^]`, 'g')

/** A terminal of some lines: knows what is on the screen after what was written. */
const screen = (isTTY: boolean, columns = 40) => {
  let lines = ['']
  let row = 0
  return {
    isTTY,
    columns,
    write(text: string) {
      for (const [token, count, command] of text.matchAll(TOKEN)) {
        if (command === 'A') row -= Number(count)
        else if (command === 'J') lines = lines.slice(0, row).concat('')
        else if (token === '\n') lines[++row] ??= ''
        else if (token !== '\r') lines[row] += token
        assert.ok(command || (lines[row]?.length ?? 0) <= columns || !isTTY, `too long: ${lines[row]}`)
      }
    },
    get text() {
      return lines.join('\n')
    },
  }
}

const gate = () => {
  let open: () => void = () => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { passed, open: () => open() }
}

const settle = () => new Promise(setImmediate)

const show = (isTTY: boolean, env: Record<string, string> = { NO_COLOR: '1' }) => {
  const output = screen(isTTY)
  let time = 0
  let timers = 0
  let tick = () => {}
  const progress = showProgress(output, {
    env,
    now: () => time,
    every: (_, action) => {
      timers++
      tick = action
      return { [Symbol.dispose]: () => void timers-- }
    },
  })
  return {
    output,
    progress,
    pass: (ms: number) => {
      time += ms
      tick()
    },
    timers: () => timers,
  }
}

describe('progress', () => {
  test('elsewhere than on a terminal is lines', async () => {
    const { output, progress, timers } = show(false)
    assert.equal(await progress.step('Starting', async () => 7), 7)
    progress.note('a note')
    await assert.rejects(
      progress.step('Breaking', async step => {
        step.detail('not shown')
        throw new Error('why')
      }),
      /why/,
    )
    assert.equal(output.text, 'Starting ...\nok Starting (0 ms)\na note\nBreaking ...\nfailed Breaking (0 ms)\n')
    assert.equal(timers(), 0)
  })

  test('on a terminal updates itself', async () => {
    const { output, progress, pass, timers } = show(true)
    const [one, two] = [gate(), gate()]
    const first = progress.step('First', async step => {
      step.detail('at work\nin the dark')
      await one.passed
    })
    const second = progress.step('Second', () => two.passed)
    pass(1500)
    assert.equal(output.text, '/ First: at work 1.5 s\n/ Second 1.5 s\n')
    progress.note('a note')
    assert.equal(output.text, 'a note\n/ First: at work 1.5 s\n/ Second 1.5 s\n')
    two.open()
    await second
    assert.equal(output.text, 'a note\nok Second (1.5 s)\n/ First: at work 1.5 s\n')
    pass(60_000)
    one.open()
    await first
    assert.equal(output.text, 'a note\nok Second (1.5 s)\nok First (1 min 2 s)\n')
    assert.equal(timers(), 0)
  })

  test('a long line stays one', async () => {
    const { output, progress } = show(true)
    const end = gate()
    const step = progress.step('A title', async step => {
      step.detail('x'.repeat(100))
      await end.passed
    })
    await settle()
    assert.match(output.text, /^\| A title: x+~ 0 ms\n$/)
    end.open()
    await step
  })

  test('uses what the terminal can show', async () => {
    const { output, progress } = show(true, { LANG: 'C.UTF-8' })
    await progress.step('A', async () => {})
    assert.match(output.text, /✓.* A/)
  })

  test('leaves nothing behind', async () => {
    const { output, progress, timers } = show(true)
    const end = gate()
    const step = progress.step('Endless', () => end.passed)
    assert.equal(timers(), 1)
    progress[Symbol.dispose]()
    assert.equal(output.text, '')
    assert.equal(timers(), 0)
    end.open()
    await step
  })

  for (const [ms, text] of [
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 0 s'],
    [125_000, '2 min 5 s'],
  ] as const)
    test(`${ms} ms are ${text}`, () => assert.equal(elapsed(ms), text))
})

describe('errors', () => {
  const plain = { write: () => {} }
  test('say what to do', () => {
    const cause = new Error('ECONNREFUSED', { cause: new Error('deep') })
    assert.equal(
      describeError(new OperatorError('it broke', 'Mend it.', { cause }), plain, {}),
      'error: it broke\n  because: ECONNREFUSED\n  because: deep\nto do: Mend it.\n',
    )
  })

  test('say nothing twice', () => {
    const error = new OperatorError('it broke: ENOENT', 'Mend it.', { cause: new Error('ENOENT') })
    assert.equal(describeError(error, plain, {}), 'error: it broke: ENOENT\nto do: Mend it.\n')
  })

  test('of ours have a stack', () => {
    assert.match(describeError(new Error('bug'), plain, {}), /^error: Error: bug\n +at /)
    assert.equal(describeError('thrown text', plain, {}), 'error: thrown text\n')
  })
})
