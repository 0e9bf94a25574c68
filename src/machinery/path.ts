/**
 * Where a field is, as validation names it: `spec.containers[0].resources.limits[cpu]`. Extending a path costs one small
 * object; the text is only made when an error needs it.
 */
export class FieldPath {
  constructor(
    private readonly parent: FieldPath | undefined,
    private readonly part: string,
  ) {}

  /** A field below this one, or one further down: `child('a', 'b')` is `.a.b`. */
  child(...names: string[]): FieldPath {
    let path: FieldPath = this
    for (const name of names) path = new FieldPath(path, path.isRoot ? name : `.${name}`)
    return path
  }

  /** Another field of the same object. */
  sibling(name: string): FieldPath {
    return (this.parent ?? root).child(name)
  }

  /** An item of a list. */
  index(position: number): FieldPath {
    return new FieldPath(this, `[${position}]`)
  }

  /** A value of a map. */
  key(key: string): FieldPath {
    return new FieldPath(this, `[${key}]`)
  }

  get isRoot(): boolean {
    return !this.parent && this.part === ''
  }

  toString(): string {
    let text = this.part
    for (let path = this.parent; path; path = path.parent) text = path.part + text
    return text
  }
}

/** The object itself; everything else is below it. */
export const root = new FieldPath(undefined, '')
