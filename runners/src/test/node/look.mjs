// Opens a page in headless Chromium as a person would and prints what it found as one line of JSON.
//   node look.mjs PAGE.html SCREENSHOT-PREFIX
import {existsSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';

const [page, screenshots] = process.argv.slice(2);
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find(path => path && existsSync(path));
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const found = {consoleErrors: [], requests: []};
const tab = await browser.newPage({viewport: {width: 1100, height: 900}});
tab.on('console', message => message.type() === 'error' && found.consoleErrors.push(message.text()));
tab.on('pageerror', error => found.consoleErrors.push(String(error)));
tab.on('request', request => request.url().startsWith('file:') || request.url().startsWith('data:') || found.requests.push(request.url()));
await tab.goto(pathToFileURL(page).href);
found.title = await tab.title();
// Bars that can be seen: some width, some height, a colour that differs from what is behind.
found.bars = await tab.$$eval('svg.chart', charts => charts.map(chart => chart.closest('section').id)
  .reduce((counts, id) => ({...counts, [id]: (counts[id] ?? 0) + 1}), {}));
found.invisibleCharts = await tab.$$eval('svg.chart', charts => charts.filter(chart => {
  const box = chart.getBoundingClientRect();
  return box.width < 50 || box.height < 5;
}).length);
found.waterfall = await tab.$$eval('#waterfall tbody tr', rows => rows.map(row => {
  const rect = row.querySelector('rect').getBoundingClientRect();
  const chart = row.querySelector('svg').getBoundingClientRect();
  return {step: row.querySelector('th').textContent, usd: row.querySelector('td.n').textContent,
    from: (rect.left - chart.left) / chart.width, to: (rect.right - chart.left) / chart.width};
}));
found.tablesWithoutCaption = await tab.$$eval('table', tables => tables.filter(table => !table.caption).length);
found.overflows = await tab.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
// By keyboard: the first stop is the way past the navigation; then every link and part in turn.
const stops = [];
for (let i = 0; i < 40; i++) {
  await tab.keyboard.press('Tab');
  const stop = await tab.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const shown = getComputedStyle(element);
    return {name: element.getAttribute('aria-label') ?? element.textContent.trim(), seen: shown.outlineStyle !== 'none' || element.matches('.skip:focus')};
  });
  if (!stop) break;
  stops.push(stop);
}
found.stops = stops.map(stop => stop.name);
found.unseenStops = stops.filter(stop => !stop.seen).map(stop => stop.name);
await tab.focus('.skip');
await tab.keyboard.press('Enter');
found.skipsTo = await tab.evaluate(() => document.activeElement.id);
await tab.focus('summary');
await tab.keyboard.press('Enter');
found.closedByKeyboard = await tab.$eval('details', details => !details.open);
await tab.keyboard.press('Enter');
const background = () => tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
found.light = await background();
await tab.screenshot({path: screenshots + '-light.png', fullPage: true});
await tab.emulateMedia({colorScheme: 'dark'});
found.dark = await background();
await tab.screenshot({path: screenshots + '-dark.png', fullPage: true});
await tab.emulateMedia({colorScheme: 'dark', media: 'print'});
found.print = await background();
await tab.setViewportSize({width: 380, height: 800});
await tab.emulateMedia({colorScheme: 'light', media: 'screen'});
found.overflowsOnAPhone = await tab.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
await tab.screenshot({path: screenshots + '-phone.png'});
await browser.close();
console.log(JSON.stringify(found));
