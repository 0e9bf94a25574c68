import { ConnectionFault, defaultFrameSize, errorCode, largestFrameSize, largestWindow, setting } from './protocol.js'

/** What a client says of itself, as far as it says something. */
export interface PeerSettings {
  headerTableSize?: number
  initialWindowSize?: number
  maxFrameSize?: number
}

/** Reads the payload of a SETTINGS frame. Throws a `ConnectionFault` for values that may not be. */
export function readSettings(payload: Buffer): PeerSettings {
  if (payload.length % 6 !== 0) throw new ConnectionFault(errorCode.frameSize, 'settings are six bytes each')
  const settings: PeerSettings = {}
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2)
    switch (payload.readUInt16BE(at)) {
      case setting.headerTableSize:
        settings.headerTableSize = value
        break
      case setting.enablePush:
        if (value > 1) throw new ConnectionFault(errorCode.protocol, `push is enabled or not, but not ${value}`)
        break
      case setting.initialWindowSize:
        if (value > largestWindow) throw new ConnectionFault(errorCode.flowControl, `a window of ${value} is too large`)
        settings.initialWindowSize = value
        break
      case setting.maxFrameSize:
        if (value < defaultFrameSize || value > largestFrameSize)
          throw new ConnectionFault(errorCode.protocol, `frames cannot be limited to ${value} bytes`)
        settings.maxFrameSize = value
        break
      // What else there is does not concern a server, or is not known.
    }
  }
  return settings
}
