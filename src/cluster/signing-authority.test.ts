import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { eventually } from '../controllers/eventually.js'
import { createCertificate, createKey, keyToPem } from '../machinery/x509/index.js'
import { followAuthority } from './signing-authority.js'

async function makeAuthority(): Promise<{ certificate: string; key: string }> {
  const key = createKey()
  const certificate = await createCertificate(
    {
      subject: { commonName: 'authority' },
      publicKey: createPublicKey(key),
      notBefore: Date.now() - 60_000,
      notAfter: Date.now() + 3_600_000,
      usages: ['cert sign'],
      authority: true,
    },
    { key },
  )
  return { certificate, key: keyToPem(key) }
}

it('an authority is the one that its files have, and never half of one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 't8s-authority-'))
  const alive = setInterval(() => {}, 1000)
  try {
    const [certificateFile, keyFile] = [join(folder, 'ca.crt'), join(folder, 'ca.key')]
    const put = async (path: string, text: string) => {
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
    }
    const [first, second] = [await makeAuthority(), await makeAuthority()]
    const errors: unknown[] = []
    const follow = () => followAuthority({ certificateFile, keyFile, onError: error => errors.push(error) })
    await assert.rejects(follow(), /ENOENT/)
    await put(certificateFile, first.certificate)
    await put(keyFile, second.key)
    await assert.rejects(follow(), /the key is that of another certificate/)
    await put(keyFile, first.key)
    await using authority = await follow()
    assert.equal(authority.certificate, first.certificate)
    assert.equal(authority.key, first.key)
    await put(certificateFile, second.certificate)
    await eventually(() => assert.match(String(errors[0]), /another certificate/))
    assert.equal(authority.certificate, first.certificate)
    await put(keyFile, second.key)
    await eventually(() => assert.equal(authority.key, second.key))
    assert.equal(authority.certificate, second.certificate)
  } finally {
    clearInterval(alive)
    await rm(folder, { recursive: true })
  }
})
