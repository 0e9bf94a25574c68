import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { StoreFailedError } from './store-failures.js'

const longestSocketPath = 100

/**
 * Takes a directory for this process until disposed of. Throws `StoreFailedError`, naming the other process if it is
 * known, while another has it.
 *
 * The lock is a listening socket in the directory: the kernel closes it however the process ends, and who finds a
 * socket file can tell by connecting whether anyone still listens, even if that process is busy, stopped or in another
 * container. Two processes that clear away the same dead socket within microseconds may both believe they have it; what
 * must not happen then has to be prevented by what they do with the directory.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const name = path.join(directory, 'lock.sock')
  const pidFile = path.join(directory, 'lock.pid')
  const folder = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
  // The kernel takes about 100 bytes of path, and longer ones get cut off silently on the way there.
  const short = Buffer.byteLength(name) <= longestSocketPath ? name : `/proc/self/fd/${folder}/lock.sock`
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      const server = await listen(short)
      if (server) {
        leaveName(pidFile)
        return {
          async [Symbol.asyncDispose]() {
            fs.rmSync(pidFile, { force: true })
            server.close()
            await once(server, 'close')
            fs.closeSync(folder)
          },
        }
      }
      const found = inode(name)
      if (await isListening(short)) throw new StoreFailedError(`${directory} is in use by ${owner(pidFile)}`)
      if (inode(name) === found) fs.rmSync(name, { force: true })
    }
    throw new StoreFailedError(`${directory} cannot be locked: others keep trying to`)
  } catch (cause) {
    fs.closeSync(folder)
    if (cause instanceof StoreFailedError) throw cause
    throw new StoreFailedError(`${directory} cannot be locked: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}

async function listen(name: string): Promise<net.Server | undefined> {
  const server = net.createServer(connection => connection.destroy())
  server.unref()
  server.listen(name)
  try {
    await once(server, 'listening')
    return server
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return undefined
    throw error
  }
}

async function isListening(name: string): Promise<boolean> {
  const connection = net.connect(name)
  try {
    await once(connection, 'connect')
    return true
  } catch (error) {
    // Anything else, as a full backlog, comes from a socket that is alive.
    return codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'
  } finally {
    connection.destroy()
  }
}

function leaveName(pidFile: string): void {
  try {
    fs.writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  } catch {
    // On a full disk, say. It only serves the message.
  }
}

function owner(pidFile: string): string {
  try {
    const pid = fs.readFileSync(pidFile, 'utf8').trim()
    if (/^\d+$/.test(pid)) return pid === `${process.pid}` ? 'this process already' : `process ${pid}`
  } catch {
    // Not written yet, or not ours to read.
  }
  return 'another process'
}

const inode = (name: string): bigint | undefined => fs.lstatSync(name, { bigint: true, throwIfNoEntry: false })?.ino

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
