// A person with a phone, played through the server's own pages: every step is a form that was on the page before.

/** A browser's worth of cookies and forms. */
class Phone {
  #cookies = new Map();

  async #go(url, options = {}) {
    for (let hops = 0; hops < 20; hops++) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { ...options, headers: { ...options.headers, cookie }, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) {
        const [name, ...value] = line.split(';')[0].split('=');
        this.#cookies.set(name, value.join('='));
      }
      const next = response.headers.get('location');
      if (!next) return { url, status: response.status, html: await response.text() };
      url = new URL(next, url).href;
      options = {};
    }
    throw new Error('the server redirects for ever');
  }

  open(url) {
    return this.#go(url);
  }

  /** Fills in the page's form and presses a button. */
  submit({ url, html }, fields) {
    const form = /<form[^>]*>/.exec(html)?.[0];
    if (!form) throw new Error(`no form on ${url}: ${title(html)}`);
    const action = /action="([^"]*)"/.exec(form)?.[1] ?? url;
    const body = new URLSearchParams();
    for (const [input] of html.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      body.set(attribute(input, 'name'), attribute(input, 'value'));
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#go(new URL(action, url).href, { method: 'POST', headers, body: body.toString() });
  }
}

const attribute = (tag, name) => new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
const title = (html) => /<title>([^<]*)/.exec(html)?.[1] ?? '';

async function enterCode(phone, verificationUri, userCode) {
  const asked = await phone.open(verificationUri);
  return phone.submit(asked, { user_code: userCode });
}

/** Opens the page, types the code, signs in and agrees. Returns the title of the last page. */
export async function approve(verificationUri, userCode, login = 'ada') {
  const phone = new Phone();
  let page = await enterCode(phone, verificationUri, userCode);
  page = await phone.submit(page, {}); // "yes, this is my device"
  page = await phone.submit(page, { login, decision: 'go' });
  page = await phone.submit(page, { decision: 'go' });
  return title(page.html);
}

/** Opens the page, types the code, signs in and declines. */
export async function decline(verificationUri, userCode, login = 'ada') {
  const phone = new Phone();
  let page = await enterCode(phone, verificationUri, userCode);
  page = await phone.submit(page, {});
  page = await phone.submit(page, { login, decision: 'go' });
  page = await phone.submit(page, { decision: 'cancel' });
  return title(page.html);
}

/** Opens the page, types the code and says that this is not their device. */
export async function disown(verificationUri, userCode) {
  const phone = new Phone();
  const page = await enterCode(phone, verificationUri, userCode);
  return title((await phone.submit(page, { abort: 'yes' })).html);
}

/**
 * Opens the address of a sign-in, signs in and agrees, or declines. Returns the page at the end of it.
 * @param {string} address
 * @param {{ login?: string, decision?: 'go' | 'cancel' }} [person]
 */
export async function signIn(address, { login = 'ada', decision = 'go' } = {}) {
  const browser = new Phone();
  let page = await browser.open(address);
  page = await browser.submit(page, { login, decision: 'go' });
  page = await browser.submit(page, { decision });
  // With form_post, the answer is a form that the browser is to send.
  return address.includes('response_mode=form_post') ? browser.submit(page, {}) : page;
}
