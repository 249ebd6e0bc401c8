/** WGSL text, as vite's `?raw` import gives it. */
declare module '*.wgsl?raw' {
  const text: string;
  export default text;
}
