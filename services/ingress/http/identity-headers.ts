/** How a header is called that speaks for a platform on the way here: a proxy, a CDN, a hosting service, a browser. */
const platformPrefixes = [
  "access-control-",
  "akamai-",
  "amz-sdk-",
  "cf-",
  "cloudfront-",
  "eagleeye-",
  "fastly-",
  "fly-",
  "helicone-",
  "sec-",
  "x-akamai-",
  "x-amz-",
  "x-amzn-",
  "x-android-",
  "x-appengine-",
  "x-arr-",
  "x-azure-",
  "x-envoy-",
  "x-firebase-",
  "x-forwarded",
  "x-goog-authenticated-",
  "x-goog-iap-",
  "x-ios-",
  "x-ms-client-",
  "x-nf-",
  "x-now-",
  "x-original-",
  "x-portkey-",
  "x-railway-",
  "x-rewrite-",
  "x-sluice-",
  "x-vercel-",
  "x-waws-",
]

const names = new Set([
  "alt-used",
  "baggage",
  "cdn-loop",
  "early-data",
  "from",
  "max-forwards",
  "via",
  "x-client-data",
  "x-goog-cloud-target-resource",
  "x-goog-request-params",
  "x-goog-spatula",
  "x-host",
  "x-http-host-override",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
])

/**
 * Words of a name, whoever's it is, that make a header one about identity: whose account, project or user it is, who vouches for that, and which address the request comes from.
 *
 * `openai-organization`, `x-goog-user-project`, `chatgpt-account-id`, `x-dashscope-workspace`, `ocp-apim-subscription-key`, `x-auth-token`, `true-client-ip`, `referer`.
 */
const word =
  /(?:^|[-_])(?:account|acct|addr|address|api[-_]?key|assertion|auth|authenticated|authorization|authority|authuser|credentials?|email|forwarded|impersonate|ip|jwt|org|organi[sz]ations?|origin|password|principal|projects?|referr?er|secret|signature|subscription|team|tenant|token|user(?!-agent$)|username|userinfo|workspace|[ac]srf|xsrf)(?:$|[-_])/

const isOfIdentity = (name: string): boolean =>
  names.has(name) || platformPrefixes.some((prefix) => name.startsWith(prefix)) || word.test(name)

/** What was found of names before: clients send the same ones again and again. */
const known = new Map<string, boolean>()
const knownNames = 1_000
const longestKnownName = 100

/**
 * True if a client's header may go to the upstream, by its name in lower case (or a parameter of its query): one that speaks of who the client is or of its way here does not.
 *
 * The upstream knows an account, not a client: a header that names another organisation, project or address makes it refuse the account's own credential, which would suspend one account after the other. An operator's headers of the channel may say such things.
 * Source: S5, C7.
 */
export const maySpeakUpstream = (name: string): boolean => {
  let passes = known.get(name)
  if (passes === undefined) {
    passes = !isOfIdentity(name)
    if (known.size < knownNames && name.length <= longestKnownName) known.set(name, passes)
  }
  return passes
}
