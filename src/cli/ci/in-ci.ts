/** Whether `CI` says that a CI runs this: any value but nothing, `false` and `0`. */
export function inCi({ CI: value = '' }: { readonly CI?: string | undefined }): boolean {
  return !['', 'false', '0'].includes(value);
}
