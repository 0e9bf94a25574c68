import type { X509Certificate } from 'node:crypto'
import type { AlternativeNames, Name } from './names.js'
import { extendedUsages, type Usage } from './usages.js'

/** What a leaf certificate is to say. */
export interface LeafTemplate {
  readonly subject: Name
  readonly usages: readonly Usage[]
  readonly names: AlternativeNames
}

/** The common name and the organizations of a certificate. */
export const subjectOf = (certificate: X509Certificate): Required<Name> => {
  // Types leave out that a name of several organizations comes as a list.
  const { O, CN } = certificate.toLegacyObject().subject as { readonly [attribute: string]: string | string[] }
  return { commonName: [CN ?? []].flat().at(-1) ?? '', organizations: [O ?? []].flat() }
}

/** Whether a certificate says at least what the template does. */
export const certificateSays = (certificate: X509Certificate, { subject, usages, names }: LeafTemplate): boolean => {
  const { commonName, organizations } = subjectOf(certificate)
  const keyUsage: readonly string[] = certificate.keyUsage ?? []
  return (
    commonName === subject.commonName &&
    organizations.join('\n') === (subject.organizations ?? []).join('\n') &&
    extendedUsages(usages).every(usage => keyUsage.includes(usage)) &&
    (names.dns ?? []).every(name => certificate.checkHost(name, { subject: 'never', wildcards: false })) &&
    (names.addresses ?? []).every(address => certificate.checkIP(address))
  )
}
