/* SPDX-License-Identifier: Apache-2.0 */
#include "senml/unit.h"

#include "json/number.h"

/* the version of packs that may hold secondary units */
#define VERSION_SECONDARY 26
#define VERSION_DEFAULT 10

#define TEXT(literal) { literal, sizeof literal - 1 }
#define UNIT(name) { TEXT(name), { NULL, 0 }, 1, 1, 0, false }
#define UNIT_AVOIDED(name) { TEXT(name), { NULL, 0 }, 1, 1, 0, true }
#define UNIT_OF(name, primary, num, den, offset) \
	{ TEXT(name), TEXT(primary), num, den, offset, false }

/* sorted by the bytes of the names */
static const struct unit units[] = {
	UNIT_AVOIDED("%"),
	UNIT("%EL"),
	UNIT("%RH"),
	UNIT("/"),
	UNIT_OF("/100", "/", 1, 100, 0),
	UNIT_OF("/1000", "/", 1, 1000, 0),
	UNIT_AVOIDED("1/min"),
	UNIT("1/s"),
	UNIT("A"),
	UNIT_OF("Ah", "C", 3600, 1, 0),
	UNIT("B"),
	UNIT_OF("B/s", "bit/s", 8, 1, 0),
	UNIT("Bq"),
	UNIT_AVOIDED("Bspl"),
	UNIT("C"),
	UNIT("Cel"),
	UNIT("EL"),
	UNIT("F"),
	UNIT_OF("GB", "B", 1000000000, 1, 0),
	UNIT("Gy"),
	UNIT("H"),
	UNIT("Hz"),
	UNIT("J"),
	UNIT("J/m"),
	UNIT("K"),
	UNIT_OF("KiB", "B", 1024, 1, 0),
	UNIT_OF("MB/s", "bit/s", 8000000, 1, 0),
	UNIT_OF("MHz", "Hz", 1000000, 1, 0),
	UNIT_OF("Mbit/s", "bit/s", 1000000, 1, 0),
	UNIT("N"),
	UNIT("NTU"),
	UNIT("Ohm"),
	UNIT("Pa"),
	UNIT("S"),
	UNIT("S/m"),
	UNIT("Sv"),
	UNIT("T"),
	UNIT("V"),
	UNIT("VA"),
	UNIT_OF("VAh", "VAs", 3600, 1, 0),
	UNIT("VAs"),
	UNIT("W"),
	UNIT("W/m2"),
	UNIT("Wb"),
	UNIT_OF("Wh", "J", 3600, 1, 0),
	UNIT_OF("Wh/km", "J/m", 36, 10, 0),
	UNIT_AVOIDED("beat/min"),
	UNIT_AVOIDED("beats"),
	UNIT("bit"),
	UNIT("bit/s"),
	UNIT("cd"),
	UNIT("cd/m2"),
	UNIT_OF("cm", "m", 1, 100, 0),
	UNIT("count"),
	UNIT("dB"),
	UNIT("dBW"),
	UNIT_OF("dBm", "dBW", 1, 1, -30),
	UNIT_AVOIDED("deg"),
	UNIT_AVOIDED("g"),
	UNIT_OF("g/l", "kg/m3", 1, 1, 0),
	UNIT_OF("h", "s", 3600, 1, 0),
	UNIT_OF("hPa", "Pa", 100, 1, 0),
	UNIT_OF("kVA", "VA", 1000, 1, 0),
	UNIT_OF("kVAh", "VAs", 3600000, 1, 0),
	UNIT_OF("kW", "W", 1000, 1, 0),
	UNIT_OF("kWh", "J", 3600000, 1, 0),
	UNIT("kat"),
	UNIT("kg"),
	UNIT("kg/m3"),
	UNIT_OF("km", "m", 1000, 1, 0),
	UNIT_OF("km/h", "m/s", 10, 36, 0),
	UNIT_OF("kvar", "var", 1000, 1, 0),
	UNIT_OF("kvarh", "vars", 3600000, 1, 0),
	UNIT_AVOIDED("l"),
	UNIT_AVOIDED("l/s"),
	UNIT("lat"),
	UNIT("lm"),
	UNIT("lon"),
	UNIT("lx"),
	UNIT("m"),
	UNIT_OF("m/h", "m/s", 1, 3600, 0),
	UNIT("m/s"),
	UNIT("m/s2"),
	UNIT("m2"),
	UNIT("m3"),
	UNIT("m3/s"),
	UNIT_OF("mA", "A", 1, 1000, 0),
	UNIT_OF("mV", "V", 1, 1000, 0),
	UNIT_OF("mg/l", "kg/m3", 1, 1000, 0),
	UNIT_OF("min", "s", 60, 1, 0),
	UNIT_OF("mm", "m", 1, 1000, 0),
	UNIT_OF("mm/h", "m/s", 1, 3600000, 0),
	UNIT("mol"),
	UNIT_OF("ms", "s", 1, 1000, 0),
	UNIT("pH"),
	UNIT_OF("ppb", "/", 1, 1000000000, 0),
	UNIT_OF("ppm", "/", 1, 1000000, 0),
	UNIT_OF("ppt", "/", 1, 1000000000000, 0),
	UNIT("rad"),
	UNIT("s"),
	UNIT("sr"),
	UNIT_OF("ug/l", "kg/m3", 1, 1000000, 0),
	UNIT_OF("ug/m3", "kg/m3", 1, 1000000000, 0),
	UNIT("var"),
	UNIT_OF("varh", "vars", 3600, 1, 0),
	UNIT("vars"),
};

static int
unit_compare(struct str a, struct str b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

const struct unit *
unit_find(struct str name)
{
	size_t low = 0, high = sizeof units / sizeof *units;

	if (name.n == 0)
		return NULL;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = unit_compare(name, units[mid].name);

		if (c == 0)
			return &units[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* a number that may be absent */
static bool
unit_scale(struct str *number, const struct unit *u, int offset,
    struct arena *arena)
{
	if (number->p == NULL)
		return true;
	*number = number_convert(arena, *number, u->num, u->den, offset);
	return number->p != NULL;
}

static const char *
unit_convert(struct record *r, const struct unit *u, struct arena *arena)
{
	struct str value = r->value, sum = r->sum;

	if (u->offset != 0 && sum.p != NULL)
		return "a sum of this unit has no meaning";
	if (!unit_scale(&value, u, u->offset, arena) ||
	    !unit_scale(&sum, u, 0, arena))
		return "number out of range in the primary unit";
	r->value = value;
	r->sum = sum;
	r->unit = u->primary;
	return NULL;
}

static const char *
unit_to_primary(struct record *r, struct arena *arena)
{
	const struct unit *u = unit_find(r->unit);
	const char *why;

	if (u != NULL && unit_is_secondary(u)) {
		if (r->kind != VALUE_NUMBER && r->kind != VALUE_NONE)
			return NULL;
		if ((why = unit_convert(r, u, arena)) != NULL)
			return why;
	} else if (u == NULL && r->unit.n > 0) {
		/* it may be a secondary unit of a later registry */
		return NULL;
	}
	if (r->version == VERSION_SECONDARY)
		r->version = VERSION_DEFAULT;
	return NULL;
}

const char *
pack_to_primary(struct pack *p)
{
	const char *why;
	size_t i;

	for (i = 0; i < p->n; i++)
		if ((why = unit_to_primary(&p->records[i], &p->arena)) !=
		    NULL) {
			p->n = 0;
			p->at = 0;
			return why;
		}
	return NULL;
}
