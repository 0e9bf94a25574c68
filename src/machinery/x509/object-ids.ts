/** What the numbers of X.509 stand for: https://www.rfc-editor.org/rfc/rfc5280. */
export const objectIds = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedUsage: '2.5.29.37',
  /** Of a request: what extensions the certificate shall have. */
  extensionRequest: '1.2.840.113549.1.9.14',
} as const
