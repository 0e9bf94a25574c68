import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { identifyProcess, isRunning, type ProcessIdentity, processEnded } from '../machinery/process-identity.js'
import type { ProcessSpec } from './process-spec.js'
import { findMarked, listProcesses, readTable } from './process-table.js'
import { fileExists } from './readiness.js'
import type { ProcessEvent } from './supervised-process.js'
import { endOrphans, findSupervisor, type Supervision, supervise } from './supervisor.js'

const QUICK = { initialMs: 1, maxMs: 2, resetAfterMs: 60_000 }
const sleeper = (name: string, more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  name,
  argv: ['sleep', '1000'],
  ...more,
})
const shell = (name: string, script: string, more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  name,
  argv: ['/bin/sh', '-c', script],
  ...more,
})

describe('supervisor', () => {
  let folder: string
  let stateDir: string
  let logDir: string
  let events: ProcessEvent[]
  let listeners: (() => void)[]
  const onEvent = (event: ProcessEvent) => {
    events.push(event)
    for (const listener of listeners) listener()
  }
  /** The first event that fits, past or to come. */
  const event = async (fits: (event: ProcessEvent) => boolean): Promise<ProcessEvent> => {
    for (;;) {
      const found = events.find(fits)
      if (found) return found
      await new Promise<void>(resolve => listeners.push(resolve))
    }
  }
  const log = (name: string) => readFile(join(logDir, `${name}.log`), 'utf8')
  const start = (specs: readonly ProcessSpec[], signal?: AbortSignal): Promise<Supervision> =>
    supervise(specs, { stateDir, logDir, onEvent, backoff: QUICK, ...(signal ? { signal } : {}) })

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-supervisor-'))
    stateDir = join(folder, 'state')
    logDir = join(folder, 'log')
    events = []
    listeners = []
  })
  afterEach(async () => {
    await endOrphans(stateDir)
    assert.deepEqual(findMarked(stateDir), [])
    await rm(folder, { recursive: true })
  })

  test('starts in order, waits for readiness, stops in reverse', async () => {
    const up = join(folder, 'up')
    const specs = [
      shell('first', `touch ${up}; exec sleep 1000`, { ready: () => fileExists(up) }),
      sleeper('second'),
      sleeper('third'),
    ]
    await using supervision = await start(specs)
    await supervision.ready
    const reports = await listProcesses(stateDir)
    assert.deepEqual(
      reports.map(({ name, running, ready, restarts }) => ({ name, running, ready, restarts })),
      specs.map(({ name }) => ({ name, running: true, ready: true, restarts: 0 })),
    )
    assert.equal((await findSupervisor(stateDir))?.pid, process.pid)
    await supervision.stop()
    await supervision.stopped
    assert.deepEqual(
      events.map(({ name, type }) => `${name} ${type}`),
      [
        ...['first started', 'first ready', 'second started', 'second ready', 'third started', 'third ready'],
        ...['third stopped', 'second stopped', 'first stopped'],
      ],
    )
    assert.ok(reports.every(({ identity }) => identity && !isRunning(identity)))
    assert.deepEqual(await listProcesses(stateDir), [])
    assert.equal(await findSupervisor(stateDir), undefined)
  })

  test('gives arguments and environment as they are, and logs all output', async () => {
    await using supervision = await start([
      {
        name: 'a',
        argv: ['/bin/sh', '-c', 'echo "$1|$A"; pwd; echo wrong >&2; exec sleep 1000', 'sh', '$HOME; x'],
        env: { A: 'b c' },
        cwd: '/',
        ready: async () => assert.match(await log('a'), /wrong/),
      },
    ])
    await supervision.ready
    assert.equal(await log('a'), '$HOME; x|b c\n/\nwrong\n')
  })

  test('starts again what ends, and tells of trouble with the end of its log', async () => {
    const abort = new AbortController()
    const bad = shell('bad', 'echo oh no; exit 3', { ready: () => new Promise(() => {}) })
    await using supervision = await start([bad, sleeper('never')], abort.signal)
    await assert.rejects(supervision.ready, {
      name: 'OperatorError',
      message: /^bad ended 5 times in a row, with code 3\nthe end of .*bad\.log:\n(.*\n)*oh no\n/,
    })
    const ends = events.flatMap(one => (one.type === 'ended' ? [[one.how, one.restartInMs]] : []))
    assert.deepEqual(ends.slice(0, 3), [
      ['code 3', 1],
      ['code 3', 2],
      ['code 3', 2],
    ])
    assert.match(
      await log('bad'),
      /oh no\n\[t8s .*\] bad ended after \d+\.\d\d s with code 3; it is started again in 1 ms\n/,
    )
    assert.ok(!events.some(({ name }) => name === 'never'))
    abort.abort()
    await supervision.stopped
    assert.equal(events.at(-1)?.type, 'stopped')
  })

  test('a program that is not there is trouble, too', async () => {
    await using supervision = await start([{ name: 'a', argv: ['/nonexistent/program'] }])
    await assert.rejects(supervision.ready, /it cannot be started: .*ENOENT/)
  })

  test('recovers when the cause is gone', async () => {
    const cure = join(folder, 'cure')
    await using supervision = await start([
      shell('ill', `test -e ${cure} && exec sleep 1000; exit 1`, { ready: () => fileExists(cure) }),
      sleeper('next'),
    ])
    await event(({ type }) => type === 'trouble')
    await writeFile(cure, '')
    await event(({ name, type }) => name === 'next' && type === 'ready')
    assert.ok((supervision.processes()[0]?.restarts ?? 0) >= 5)
    assert.equal(supervision.processes()[0]?.lastExit, 'code 1')
  })

  test('what is late is told, and still waited for', async () => {
    const up = join(folder, 'up')
    // It answers at once, however busy the machine is.
    const ready = async () => assert.ok(existsSync(up), 'not up')
    await using supervision = await start([sleeper('slow', { ready, readyTimeoutMs: 40 })])
    await assert.rejects(supervision.ready, /slow is not ready after 0.04 s: not up/)
    await writeFile(up, '')
    await event(({ type }) => type === 'ready')
  })

  test('a check that does not answer is trouble as well', async () => {
    await using supervision = await start([sleeper('a', { ready: () => new Promise(() => {}), readyTimeoutMs: 1 })])
    await assert.rejects(supervision.ready, /a is not ready after 0.001 s: no answer/)
  })

  test('kills what does not end, and what it leaves behind', async () => {
    const child = join(folder, 'child')
    await using supervision = await start([
      shell('stubborn', `trap '' TERM; sleep 1000 & echo $! > ${child}; while :; do wait; done`, {
        graceMs: 30,
        ready: async () => assert.match(await readFile(child, 'utf8'), /\d\n/),
      }),
    ])
    await supervision.ready
    const left = identifyProcess(Number(await readFile(child, 'utf8')))
    assert.ok(left)
    await supervision.stop()
    assert.deepEqual(events.at(-1), { name: 'stubborn', type: 'stopped', how: 'SIGKILL' })
    await processEnded(left)
    assert.match(await log('stubborn'), /did not end in time and is killed/)
  })

  test('restarts on demand', async () => {
    await using supervision = await start([sleeper('a')])
    await supervision.ready
    const before = supervision.processes()[0]?.identity
    await supervision.restart('a')
    await event(one => one.type === 'started' && one.pid !== before?.pid)
    assert.ok(before && !isRunning(before))
    await assert.rejects(supervision.restart('b'), { message: 'there is no process b', remedy: 'There is: a.' })
  })

  test('stops while starting', async () => {
    await using supervision = await start([sleeper('a', { ready: () => new Promise(() => {}) }), sleeper('b')])
    await event(({ type }) => type === 'started')
    await supervision.stop()
    await assert.rejects(supervision.ready, /were stopped before all were ready/)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['started', 'stopped'],
    )
  })

  for (const names of [['a', 'a'], ['a/b'], ['']])
    test(`refuses the names ${names.join()}`, () =>
      assert.rejects(start(names.map(name => sleeper(name))), /cannot name a process/))

  test('there is one for a folder', async () => {
    await using _supervision = await start([])
    await assert.rejects(start([]), { name: 'OperatorError', message: /have a supervisor already/ })
    await assert.rejects(endOrphans(stateDir), { message: /have a supervisor already/ })
    // afterEach needs the folder free.
  })

  describe('killed', () => {
    /** Runs a supervisor in a process of its own until its processes are ready. */
    const elsewhere = async (specs: readonly ProcessSpec[]) => {
      const script = `
        const { supervise } = await import(${JSON.stringify(new URL('./supervisor.js', import.meta.url).href)})
        const { terminationSignal } = await import(${JSON.stringify(new URL('./daemon.js', import.meta.url).href)})
        const { signal } = terminationSignal()
        const [specs, stateDir, logDir] = JSON.parse(process.argv[1])
        const supervision = await supervise(specs, { stateDir, logDir, signal })
        await supervision.ready
        console.log('ready')
        await supervision.stopped`
      const argument = JSON.stringify([specs, stateDir, logDir])
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, argument], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      return child
    }
    const kill = async (child: Awaited<ReturnType<typeof elsewhere>>) => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const identities = async (): Promise<(ProcessIdentity | undefined)[]> =>
      (await readTable(stateDir)).map(record => record.identity)

    test('its processes are adopted or replaced', async () => {
      const specs = [
        sleeper('kept', { orphan: 'adopt' }),
        sleeper('changed', { orphan: 'adopt' }),
        sleeper('renewed'),
        sleeper('gone', { orphan: 'adopt' }),
      ]
      await kill(await elsewhere(specs))
      const [kept, changed, renewed, gone] = await identities()
      for (const identity of [kept, changed, renewed, gone]) assert.ok(identity && isRunning(identity))
      assert.equal(await findSupervisor(stateDir), undefined)

      await using supervision = await start([
        sleeper('kept', { orphan: 'adopt' }),
        sleeper('changed', { orphan: 'adopt', env: { A: 'b' } }),
        sleeper('renewed'),
      ])
      await supervision.ready
      assert.deepEqual(
        events.filter(({ type }) => type !== 'ready').map(({ name, type }) => `${name} ${type}`),
        ['kept adopted', 'changed started', 'renewed started'],
      )
      assert.ok(kept && isRunning(kept))
      for (const identity of [changed, renewed, gone]) assert.ok(identity && !isRunning(identity))

      // An adopted process is watched like a child.
      process.kill(kept.pid, 'SIGKILL')
      await event(({ name, type }) => name === 'kept' && type === 'started')
      await supervision.stop()
      assert.deepEqual(findMarked(stateDir), [])
    })

    test('an adopted process stops when it is time', async () => {
      await kill(await elsewhere([sleeper('kept', { orphan: 'adopt' })]))
      const [kept] = await identities()
      await using supervision = await start([sleeper('kept', { orphan: 'adopt' })])
      await supervision.ready
      await supervision.stop()
      assert.ok(kept && !isRunning(kept))
    })

    test('its processes are found without its file', async () => {
      await kill(await elsewhere([sleeper('a')]))
      const [a] = await identities()
      await rm(join(stateDir, 'processes.json'))
      assert.ok(a && isRunning(a))
      await using _supervision = await start([])
      assert.ok(!isRunning(a))
    })

    test('its processes can be ended', async () => {
      await kill(await elsewhere([sleeper('a'), sleeper('b')]))
      assert.equal(await endOrphans(stateDir), 2)
      await assert.rejects(access(join(stateDir, 'processes.json')))
    })

    test('asked to end, it ends them itself', async () => {
      const child = await elsewhere([sleeper('a'), sleeper('b')])
      const running = await identities()
      child.kill('SIGTERM')
      assert.deepEqual(await once(child, 'exit'), [0, null])
      assert.ok(running.every(identity => identity && !isRunning(identity)))
    })
  })
})
