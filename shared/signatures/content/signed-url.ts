/** How a sender writes the URL that it signs, if it differs from the URL that arrives. */
export type UrlWriting = 'as-sent' | 'hubspot' | 'twilio';

/** Each URL costs a pass of the hash over the whole message, for every live secret. */
const maxCandidates = 4;

/** https://developers.hubspot.com/docs/api/webhooks/validating-requests: decoded before it is signed. */
const hubspotEscapes = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/**
 * Characters that Twilio signs unescaped although they are escaped on the wire: the apostrophe (its SDKs call it the legacy query
 * string), and `@` and `:` of a SIP address. https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
const twilioEscapes = /%(?:27|40|3A)/gi;

/** The sequences of UTF-8 beyond ASCII. */
const beyondAscii = /(?:%[89A-F][0-9A-F])+/gi;

const writings: Record<UrlWriting, (url: string) => readonly string[]> = {
  'as-sent': asSent,
  hubspot: (url) => [url.replace(hubspotEscapes, decodeEscape), ...asSent(url)],
  twilio: (url) => {
    const texts = [...new Set([inQuery(url, unescapeForTwilio), ...asSent(url)])];
    // Twilio's products sign an https URL with or without the port, so Twilio's SDKs try both.
    return [...texts, ...texts.map(otherPort)];
  },
};

/**
 * The URLs that a sender may have signed, four at most. The most likely comes first. One is the URL as it arrives.
 *
 * @param url the public URL as it is configured, with the query as it arrives. A port, a path prefix and
 *   credentials in it (Twilio signs these too) stay as they are written
 */
export function signedUrls(url: string, writing: UrlWriting): readonly string[] {
  return [...new Set(writings[writing](url))].slice(0, maxCandidates);
}

/**
 * As it arrives, and as it may have been sent. A server in front of the Worker may have escaped raw
 * characters in the query: miniflare (`wrangler dev`) writes `'` as %27, and characters beyond ASCII as UTF-8 in
 * upper-case hex. workerd itself, tested with a raw socket, changes neither. The Worker can't distinguish the two.
 */
function asSent(url: string): readonly string[] {
  const apostrophes = inQuery(url, (query) => query.replaceAll('%27', "'"));
  return [
    url,
    apostrophes,
    inQuery(apostrophes, (query) => query.replace(beyondAscii, decodeUtf8)),
  ];
}

function inQuery(url: string, rewrite: (query: string) => string): string {
  const start = url.indexOf('?');
  return start < 0 ? url : url.slice(0, start) + rewrite(url.slice(start));
}

function unescapeForTwilio(query: string): string {
  return query.replace(twilioEscapes, decodeEscape);
}

function decodeEscape(escaped: string): string {
  return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
}

/** Bytes that are not UTF-8 stay escaped. */
function decodeUtf8(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/** Without the port if there is one, otherwise with the URL scheme's port. */
function otherPort(url: string): string {
  const [, scheme = '', authority = '', rest = ''] =
    /^(https?):\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  if (scheme === '') return url;
  const without = authority.replace(/:\d*$/, '');
  const port = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  return `${scheme}://${without === authority ? authority + port : without}${rest}`;
}
