import { ConnectionFault, errorCode, flag, frameType } from './protocol.js'

interface Rule {
  /** What it is about; a window is that of either. */
  readonly of?: 'stream' | 'connection'
  /** Of its payload, in bytes. */
  readonly size?: number
}

const rules: { readonly [type: number]: Rule | undefined } = {
  [frameType.headers]: { of: 'stream' },
  [frameType.priority]: { of: 'stream', size: 5 },
  [frameType.reset]: { of: 'stream', size: 4 },
  [frameType.settings]: { of: 'connection' },
  [frameType.ping]: { of: 'connection', size: 8 },
  [frameType.goaway]: { of: 'connection' },
  [frameType.windowUpdate]: { size: 4 },
  [frameType.continuation]: { of: 'stream' },
}

/** Throws a `ConnectionFault` for a frame that no client may send, whatever was before. */
export function checkFrame(type: number, flags: number, stream: number, size: number): void {
  if (type === frameType.pushPromise) throw new ConnectionFault(errorCode.protocol, 'a client does not push')
  const rule = rules[type]
  if (!rule) return
  if (rule.of === 'stream' ? stream === 0 : rule.of === 'connection' && stream !== 0)
    throw new ConnectionFault(errorCode.protocol, `a frame of type ${type} is about a ${rule.of}, not about ${stream}`)
  if (type === frameType.headers && stream % 2 === 0)
    throw new ConnectionFault(errorCode.protocol, `a client cannot use the stream ${stream}`)
  const acknowledges = type === frameType.settings && (flags & flag.ack) !== 0
  if ((rule.size !== undefined && size !== rule.size) || (acknowledges && size > 0))
    throw new ConnectionFault(errorCode.frameSize, `a frame of type ${type} cannot have ${size} bytes`)
}
