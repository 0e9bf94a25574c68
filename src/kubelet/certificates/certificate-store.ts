import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../machinery/clock.js'

/** A certificate and its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string
  readonly key: string
}

const certificateBlocks = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g
const keyBlock = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----\n?/

/**
 * Keeps a certificate that is replaced now and then: each in a file of its own, with its key, and a symbolic link
 * `<name>-current.pem` to the one in use, which changes in one step.
 */
export class CertificateStore {
  constructor(
    readonly folder: string,
    readonly name: string,
  ) {}

  /** The file to read the current certificate and key from. */
  get path(): string {
    return join(this.folder, `${this.name}-current.pem`)
  }

  /** The current certificate; undefined if there is none, or none that can be used. */
  async read(): Promise<KeyedCertificate | undefined> {
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    const certificate = [...text.matchAll(certificateBlocks)].map(([block]) => block).join('')
    const [key = ''] = keyBlock.exec(text) ?? []
    try {
      return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined
    } catch {
      return undefined
    }
  }

  /** Makes a certificate the current one; on disk when the promise resolves. */
  async write({ certificate, key }: KeyedCertificate, clock: Clock = systemClock): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const stamp = new Date(clock.now()).toISOString().replace(/[:.]/g, '-')
    const file = `${this.name}-${stamp}-${randomBytes(2).toString('hex')}.pem`
    {
      await using written = await open(join(this.folder, file), 'wx', 0o600)
      await written.writeFile(certificate + key)
      await written.sync()
    }
    const former = await readlink(this.path).catch(() => undefined)
    const link = `${this.path}.tmp`
    await rm(link, { force: true })
    await symlink(file, link)
    await rename(link, this.path)
    await using folder = await open(this.folder, 'r')
    await folder.sync()
    await this.#removeOthers(new Set([file, former]))
  }

  /** All but the current one and the one before, which somebody may be reading. */
  async #removeOthers(kept: ReadonlySet<string | undefined>): Promise<void> {
    for (const name of await readdir(this.folder))
      if (name.startsWith(`${this.name}-2`) && name.endsWith('.pem') && !kept.has(name))
        await rm(join(this.folder, name), { force: true })
  }
}
