import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { readEncryptionConfiguration } from '../server/encryption/configuration.js'
import { ensureEncryptionFile } from './encryption-file.js'

it('makes a configuration that encrypts secrets, once, for the owner alone', async t => {
  const folder = await mkdtemp(join(tmpdir(), 't8s-encryption-file-'))
  t.after(() => rm(folder, { recursive: true }))
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  await ensureEncryptionFile(one)
  await ensureEncryptionFile(two)
  assert.equal((await stat(one)).mode & 0o777, 0o600)
  const text = await readFile(one, 'utf8')
  const { resources = [] } = readEncryptionConfiguration(text, true)
  assert.deepEqual(
    resources.map(({ resources: names, providers = [] }) => [names, providers.map(provider => Object.keys(provider))]),
    [[['secrets'], [['secretbox'], ['identity']]]],
  )
  assert.notEqual(text, await readFile(two, 'utf8'))
  await ensureEncryptionFile(one)
  assert.equal(await readFile(one, 'utf8'), text)
  await writeFile(one, '')
  await ensureEncryptionFile(one)
  assert.equal(await readFile(one, 'utf8'), '')
  await assert.rejects(ensureEncryptionFile(join(one, 'below')), { name: 'OperatorError' })
})
