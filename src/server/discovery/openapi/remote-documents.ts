import type { Document } from './documents.js'
import type { PartV2 } from './merge-v2.js'

/** The OpenAPI documents of other servers. */
export interface RemoteDocuments {
  /**
   * Where the v3 document of each group version of theirs is, by the name of the document: `apis/GROUP/VERSION`;
   * undefined where there is none.
   */
  readonly v3: ReadonlyMap<string, string | undefined>
  /** A v3 document that is served here in place of the other server, which has none. */
  convertedV3(name: string): Document | undefined
  /** What all of them have for v2, asked for anew if that is some time ago. */
  v2(): Promise<readonly PartV2[]>
}

/** Where there are no other servers. */
export const noRemoteDocuments: RemoteDocuments = {
  v3: new Map(),
  convertedV3: () => undefined,
  v2: async () => [],
}
