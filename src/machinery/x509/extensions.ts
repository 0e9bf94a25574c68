import { type DerValue, der, derContent, derTag, derWithin, objectId, readObjectId, sequence } from './der.js'

/** An extension of a certificate; who does not know a critical one must not believe the certificate. */
export const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(
    objectId(id),
    ...(critical ? [der(derTag.boolean, Buffer.from([0xff]))] : []),
    der(derTag.octetString, value),
  )

/** The values of a sequence of extensions, by their identifiers. Throws for what is none. */
export const readExtensions = (extensions: DerValue | undefined): ReadonlyMap<string, Buffer> =>
  new Map(
    derWithin(extensions, derTag.sequence).map(one => {
      const parts = derWithin(one, derTag.sequence)
      return [readObjectId(parts[0]), derContent(parts.at(-1), derTag.octetString)]
    }),
  )
