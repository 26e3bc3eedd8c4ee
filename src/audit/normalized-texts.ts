import { LruCache } from "../base/lru-cache.ts";
import { normalizeSql } from "../sql/normalize.ts";

/**
 * Texts without their literals and comments. The last ones are kept, up to `cacheSizeMax` bytes: a
 * prepared statement's text comes again and again.
 */
export class NormalizedTexts {
  readonly #cache: LruCache<string>;

  constructor(options: { readonly cacheSizeMax: number }) {
    this.#cache = new LruCache({ sizeMax: options.cacheSizeMax });
  }

  of(sql: string): string {
    const known = this.#cache.get(sql);
    if (known !== undefined) return known;
    const normalized = normalizeSql(sql);
    this.#cache.set(sql, normalized, (sql.length + normalized.length) * 2);
    return normalized;
  }
}
