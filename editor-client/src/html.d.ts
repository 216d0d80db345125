/** esbuild puts the file's text in the place of the import. */
declare module '*.html' {
  const text: string;
  export default text;
}
