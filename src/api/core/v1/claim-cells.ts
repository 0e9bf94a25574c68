const shortModes: { readonly [mode: string]: string } = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

/** Access modes as tables show them: `RWO,ROX`. */
export const accessModesText = (modes: readonly string[] | undefined): string =>
  Object.entries(shortModes)
    .flatMap(([mode, short]) => (modes?.includes(mode) ? [short] : []))
    .join(',')

/** The storage class of a claim or a volume; an old annotation comes first. */
export const storageClassOf = (
  { annotations }: { readonly annotations?: { readonly [key: string]: string } },
  { storageClassName = '' }: { readonly storageClassName?: string },
): string => annotations?.['volume.beta.kubernetes.io/storage-class'] ?? storageClassName
