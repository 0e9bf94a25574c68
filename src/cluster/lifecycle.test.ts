import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type ClusterConfig, defaultConfig } from './cluster-config.js'
import { bringUp } from './lifecycle.js'
import { OperatorError } from './operator-error.js'
import { clusterPaths } from './paths.js'
import { showProgress } from './progress.js'

describe('bringUp refuses, before it makes anything,', () => {
  const cases: [string, Partial<ClusterConfig>, RegExp][] = [
    ['a node that cannot have its name', { nodeName: 'X_y' }, /"X_y" cannot be the name of a node/],
    ['a kubeconfig that is a folder', { kubeconfig: '.' }, /cannot be read: EISDIR/],
    ['a kubeconfig that is none', { kubeconfig: 'notes.txt' }, /notes.txt is not a valid kubeconfig/],
  ]
  for (const [what, settings, message] of cases)
    it(what, async t => {
      const folder = await mkdtemp(join(tmpdir(), 't8s-lifecycle-'))
      t.after(() => rm(folder, { recursive: true }))
      await writeFile(join(folder, 'notes.txt'), '- a list\n')
      const { kubeconfig = 'kubeconfig' } = settings
      const config = { ...defaultConfig('a'), ...settings, kubeconfig: join(folder, kubeconfig) }
      const paths = clusterPaths('a', { root: join(folder, 'root') })
      using progress = showProgress({ write: () => true })
      const signal = new AbortController().signal
      await assert.rejects(
        bringUp({ paths, config, progress, install: false, signal, timeoutMs: 1 }),
        error => error instanceof OperatorError && message.test(error.message) && error.remedy !== '',
      )
      assert.equal(existsSync(join(folder, 'root')), false)
    })
})
