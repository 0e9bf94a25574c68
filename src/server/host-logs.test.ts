import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ask } from './discovery/test-stage.js'
import { hostLogsStage } from './host-logs.js'

describe('logs of the machine', () => {
  let folder: string
  let stage: ReturnType<typeof hostLogsStage>
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-logs-'))
    await mkdir(join(folder, 'logs/deep'), { recursive: true })
    await writeFile(join(folder, 'secret'), 'secret')
    await writeFile(join(folder, 'logs/a <b>.log'), 'one\ntwo\n')
    await writeFile(join(folder, 'logs/empty'), '')
    stage = hostLogsStage(join(folder, 'logs'))
  })
  after(() => rm(folder, { recursive: true }))

  const read = async (url: string): Promise<string | undefined> => {
    const answer = await ask(stage, url)
    if (answer?.body.kind !== 'stream') return undefined
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body.chunks) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }

  it('are listed', async () => {
    const answer = await ask(stage, '/logs/')
    assert.match(
      answer?.text ?? '',
      /<a href=".\/a%20%3Cb%3E.log">a &#60;b&#62;.log<\/a>\n<a href=".\/deep\/">deep\/<\/a>/,
    )
    assert.equal((await ask(stage, '/logs/deep'))?.headers['location'], '/logs/deep/')
  })

  it('are read', async () => {
    assert.equal(await read('/logs/a%20%3Cb%3E.log'), 'one\ntwo\n')
    assert.equal(await read('/logs/empty'), '')
  })

  it('are no way to anything else', async () => {
    for (const url of [
      '/logs/missing',
      '/logs/%2e%2e/secret',
      '/logs/..%2fsecret',
      '/logs/deep/..%2f..%2fsecret',
      '/logsx',
    ])
      assert.equal(await ask(stage, url), undefined, url)
    assert.equal(await ask(stage, '/logs/', {}, 'POST'), undefined)
  })
})
