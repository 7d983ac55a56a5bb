// The columns of the table: what each says of a method, as a number to sort by and as a text to print and copy.
srb.columns = (() => {
  const { data } = srb;
  const USUAL = ["psnr", "ssim", "lpips", "mos"];
  let dropped = 0; // of the usual columns, for which there is no room

  // -- values ----------------------------------------------------------------------------------------------------
  const cell = (label, metric = srb.state.metric, group = srb.state.group) =>
    srb.view().cells[label]?.[metric]?.[group] ?? { reason: "not run", word: "\u2013" };
  // The mean that is shown: over the images on which methods are compared, where those are fewer than a method has.
  const mean = (label, metric = srb.state.metric) => {
    const own = cell(label, metric), contest = srb.contest(metric);
    const place = contest ? srb.place(contest, label) : -1;
    if (place >= 0 && contest.images.length !== own.n) return contest.mean[place];
    return own.mean ?? null;
  };
  // Lower keys come first: methods that compete by their mean, then those that lack images, then those without a mean.
  const order = (label, metric) => {
    const value = mean(label, metric);
    if (value === null) return [2, 0];
    const contest = srb.contest(metric);
    return [contest && srb.place(contest, label) < 0 ? 1 : 0, data.metrics[metric].higher === false ? value : -value];
  };
  const reference = () => {
    const contest = srb.contest(), { ref } = srb.state;
    if (!contest) return null;
    return ref !== "best" && srb.place(contest, ref) >= 0 ? ref : contest.labels[0];
  };
  const gap = (label) => {
    const contest = srb.contest();
    return contest && contest.labels.length > 1 ? srb.pair(contest, label, reference()) : null;
  };
  const rank = (label) => {
    const contest = srb.contest();
    const place = contest?.can_tell ? srb.place(contest, label) : -1;
    return place < 0 ? null : contest.standing[place];
  };
  const rankText = ([first, last]) => (first === last ? `${first}` : `${first}\u2013${last}`);

  // The best of a column by the digits that are shown, among methods that are compared.
  const best = (metric) => {
    const { higher } = data.metrics[metric], contest = srb.contest(metric);
    if (higher === null || !contest || contest.labels.length < 2) return null;
    return srb.format(contest.mean[0], metric);
  };
  const isBest = (label, metric, top = best(metric)) =>
    top !== null && srb.place(srb.contest(metric), label) >= 0 && srb.format(mean(label, metric), metric) === top;

  // -- columns ---------------------------------------------------------------------------------------------------
  const unit = (metric) => (data.metrics[metric].unit ? `, ${data.metrics[metric].unit}` : "");
  // 'LPIPS (AlexNet)' is 'LPIPS' where no other metric is called so.
  const brief = (metric) => {
    const cut = (name) => data.metrics[name].title.replace(/ \(.*\)$/, "");
    const alike = srb.view().metrics.filter((name) => cut(name) === cut(metric));
    return alike.length > 1 ? data.metrics[metric].title : cut(metric);
  };
  const metricColumn = (metric) => {
    const facts = data.metrics[metric], top = best(metric);
    return {
      id: metric, metric, head: `${brief(metric)}${unit(metric)} ${facts.arrow}`.trim(),
      name: `${facts.title}${unit(metric)}`, tip: `${facts.title}: ${facts.direction}.`,
      down: facts.higher !== false, key: (label) => order(label, metric),
      text: (label) => srb.format(mean(label, metric), metric),
      value: (label) => mean(label, metric),
      best: (label) => isBest(label, metric, top),
    };
  };
  const cost = (name, head, title, divisor, digits) => ({
    id: name, head, name: title, tip: title, key: (label) => srb.cost(label)[name] ?? null,
    value: (label) => srb.cost(label)[name] ?? null,
    source: (label) => (name === "latency_ms" ? srb.cost(label).conditions : ""),
    text: (label) => {
      const known = srb.cost(label);
      if (name === "latency_ms" && known.noisy) return "too noisy";
      if (known[name] === undefined) return "";
      return digits === null ? srb.size(known[name]) : (known[name] / divisor).toFixed(digits);
    },
  });
  const kinds = { interpolation: "interpolation", model: "reconstruction", examples: "examples", network: "network",
    gan: "adversarial, perceptual", autoregressive: "autoregressive", own: "own" };
  const others = () => {
    const { metric } = srb.state, facts = data.metrics[metric];
    return [
      { id: "year", head: "Year", name: "Year", key: (label) => data.methods[label].year ?? null,
        down: true, text: (label) => `${data.methods[label].year ?? ""}` },
      { id: "family", head: "Family", name: "Family", words: true, key: (label) => data.methods[label].family,
        text: (label) => data.methods[label].family },
      { id: "training", head: "Training, min \u00b7 steps", name: "Training: minutes and steps of the last run",
        key: (label) => trained(label)?.minutes ?? null, source: ofTraining, text: length },
      cost("parameters", "Params", "Parameters of the network at this scale", 1, null),
      cost("mult_adds", "Mult-Adds, G", "Multiply-adds for an output of 1280\u00d7720", 1e9, 1),
      cost("latency_ms", "Latency, ms", "Latency: median over calls of the method alone", 1, 1),
      cost("memory_mib", "Memory, MiB", "Peak memory", 1, 0),
      ...(facts ? ofMetric(metric, facts) : []),
    ];
  };
  const ofMetric = (metric, facts) => {
    const range = ({ low, high }) => (low === undefined || low === null ? ""
      : `${srb.format(low, metric)} to ${srb.format(high, metric)}`);
    return [
      { id: "interval", head: `95% interval`, name: `95% interval of ${facts.title}`,
        tip: "Of the mean of the ordering metric over other images of the kind; it does not compare methods",
        key: (label) => cell(label).low ?? null, text: (label) => range(cell(label)) },
      { id: "n", head: "n", name: "Number of images", key: (label) => cell(label).n ?? null, down: true,
        text: (label) => {
          const { n, planned, clips } = cell(label), over = clips ? ` (${srb.counted(clips, "clip")})` : "";
          return n === planned ? `${n ?? ""}${over}` : `${n} of ${planned}${over}`;
        } },
      { id: "published", head: `${facts.title}, published`, name: `Published ${facts.title}`,
        key: (label) => cell(label).published ?? null, down: true, source: ofPrint, faint: unlike,
        text: (label) => srb.format(cell(label).published, metric) + star(label) },
      { id: "difference", head: "Measured \u2212 published", name: "Measured minus published",
        key: (label) => apart(label), down: true, source: ofPrint, faint: unlike,
        text: (label) => srb.format(apart(label), metric, { sign: true }) + star(label) },
    ];
  };
  const apart = (label) => {
    const own = cell(label);
    return own.published === undefined ? null : own.mean - own.published;
  };
  // In what the printed value is of another network, training or protocol than the row; '' where in nothing.
  const unlike = (label) => cell(label).published_unlike ?? "";
  const star = (label) => (unlike(label) ? "*" : "");
  const ofPrint = (label) => {
    const said = unlike(label) && `Not like with like: ${unlike(label)}`;
    return [cell(label).published_source, said].filter(Boolean).join("\n");
  };

  // How the weights of a row were trained; at least so long where they went on from others.
  const trained = (label) => data.methods[label].trained[srb.view().scale];
  const length = (label) => {
    const own = trained(label);
    if (!own?.minutes) return "";
    const minutes = own.minutes < 10 ? own.minutes : Math.round(own.minutes);
    return `${own.further ? "\u2265\u2009" : ""}${minutes}${own.steps ? ` \u00b7 ${own.steps.toLocaleString("en")}` : ""}`;
  };
  const ofTraining = (label) => {
    const own = trained(label);
    if (!own) return "";
    const start = own.further && `The last run; it went on from ${own.start}`;
    return [[own.data, own.device && `on ${own.device}`].filter(Boolean).join(", "), start].filter(Boolean).join("\n");
  };

  // All that at least one method has something to say in: a column that is empty is none.
  const all = () => {
    const { labels, metrics } = srb.view();
    const found = [];
    if (labels.some(rank)) {
      found.push({ id: "rank", head: "Rank", name: "Rank", key: (label) => order(label, srb.state.metric),
        tip: "From the first to the last place that the tests leave open",
        text: (label) => { const own = rank(label); return own ? rankText(own) : "\u2013"; } });
    }
    for (const metric of metrics) {
      if (metric === srb.state.metric || labels.some((label) => mean(label, metric) !== null)) {
        found.push(metricColumn(metric));
      }
    }
    if (labels.filter(gap).length > 1) {
      found.push({ id: "gap", head: `against ${srb.title(reference())}`, name: "Difference to the reference",
        key: (label) => order(label, srb.state.metric),
        text: (label) => srb.format(gap(label)?.mean, srb.state.metric, { sign: true }) });
    }
    return [...found, ...others().filter((column) => labels.some((label) => column.text(label) !== ""))];
  };
  const whole = () => {
    const { metrics } = srb.view(), common = USUAL.filter((name) => metrics.includes(name));
    return ["rank", srb.state.metric, ...(common.length ? common : metrics.slice(0, 4)), "gap", "year", "training",
      "parameters", "mult_adds", "latency_ms"];
  };
  // What a narrow screen can do without, the first to go first.
  const spare = () => {
    const metrics = whole().filter((id) => id in data.metrics && id !== srb.state.metric).reverse();
    const present = new Set(all().map((column) => column.id));
    return ["mult_adds", "latency_ms", "year", "parameters", "training", ...metrics, "gap"].filter((id) => present.has(id));
  };
  const usual = () => {
    const gone = new Set(spare().slice(0, dropped));
    return whole().filter((id) => !gone.has(id));
  };
  // Leaves out one more of the usual columns; false where the columns were chosen, or none is left to go.
  const drop = () => {
    if (srb.state.columns || dropped >= spare().length) return false;
    dropped += 1;
    return true;
  };
  const restore = () => { dropped = 0; };
  const chosen = () => (srb.state.columns ? srb.state.columns.split(",").map(decodeURIComponent) : usual());
  // In the order of the table: the difference stands beside the metric that orders.
  const shown = () => {
    const ids = new Set([...chosen(), srb.state.metric]);
    const found = all().filter((column) => ids.has(column.id));
    const difference = found.find((column) => column.id === "gap");
    if (!difference) return found;
    const rest = found.filter((column) => column !== difference);
    rest.splice(rest.findIndex((column) => column.metric === srb.state.metric) + 1, 0, difference);
    return rest;
  };
  const choose = (id, on) => {
    const ids = new Set(chosen());
    if (on) ids.add(id);
    else ids.delete(id);
    const usually = new Set(usual());
    const same = all().every((column) => ids.has(column.id) === usually.has(column.id));
    const list = all().map((column) => column.id).filter((name) => ids.has(name));
    srb.set({ columns: same ? "" : list.map(encodeURIComponent).join(",") });
  };
  return { all, shown, choose, drop, restore, cell, mean, gap, rank, rankText, reference, unlike, kinds };
})();
