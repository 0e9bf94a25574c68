import { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

/**
 * A WebSocket as a plain stream of bytes, carried in binary messages of any size. Ending it sends a normal closure; a
 * client that leaves without one ends it all the same, as a TCP connection would. A text message breaks it.
 */
export function webSocketBytes(socket: WebSocket): Duplex {
  const stream = new Duplex({
    readableHighWaterMark: 256 * 1024,
    writableHighWaterMark: 256 * 1024,
    read() {
      socket.resume()
    },
    write(chunk: Buffer, _encoding, done) {
      if (socket.readyState !== socket.OPEN) return done()
      // A failure closes the socket, and with it the stream.
      socket.send(chunk, { binary: true }, () => done())
    },
    final(done) {
      socket.close(1000)
      done()
    },
    destroy(error, done) {
      if (socket.readyState !== socket.CLOSED) socket.terminate()
      done(error)
    },
    // Ended by us, it is over only when the client has read everything and closed, too.
    autoDestroy: false,
  })
  socket.on('error', () => {})
  socket.on('message', (data: RawData, binary: boolean) => {
    if (!binary) return socket.close(1003, 'binary messages only')
    if (!stream.destroyed && !stream.readableEnded && !stream.push(data)) socket.pause()
  })
  socket.once('close', () => {
    if (stream.destroyed) return
    // What was received before the end is still passed on.
    stream.push(null)
    if (stream.readableEnded) stream.destroy()
    else stream.once('end', () => stream.destroy())
  })
  return stream
}
