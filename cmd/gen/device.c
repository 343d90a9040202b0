/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/gen/device.h"

/* splitmix64: the same state gives the same on any machine */
static uint64_t
device_random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int32_t
device_between(struct device *d, int32_t low, int32_t high)
{
	uint64_t width = (uint64_t)((int64_t)high - low + 1);

	return low + (int32_t)((device_random_next(&d->random) >> 32) *
	    width >> 32);
}

/* a step of a bounded random walk */
static int32_t
device_walk(struct device *d, int32_t *v, int32_t step, int32_t low,
    int32_t high)
{
	*v += device_between(d, -step, step);
	if (*v < low)
		*v = low;
	if (*v > high)
		*v = high;
	return *v;
}

/* A day as a wave from -500 to 500, highest at 15:00 UTC: two parabolas, which
 * do as well as a sine here and need no libm. */
static int32_t
device_day_wave(struct stamp t)
{
	int64_t s = (t.ns / STAMP_SECOND + 86400 - 9 * 3600) % 86400;
	int64_t x = s % 43200;

	if (s < 0)
		return 0;	/* before 1970 the days have no weather */
	x = x * (43200 - x) / (43200 * 43200 / 4 / 500);
	return (int32_t)(s < 43200 ? x : -x);
}

/* v / 10^decimals */
static void
device_put_fixed(struct buf *b, int64_t v, int decimals)
{
	char digits[24];
	size_t i = sizeof digits;
	uint64_t rest = v < 0 ? (uint64_t)-v : (uint64_t)v;
	int n;

	for (n = 0; n <= decimals || rest > 0; n++) {
		if (n == decimals && n > 0)
			digits[--i] = '.';
		digits[--i] = (char)('0' + rest % 10);
		rest /= 10;
	}
	if (v < 0)
		digits[--i] = '-';
	buf_put(b, digits + i, sizeof digits - i);
}

enum sensor {
	TEMPERATURE, HUMIDITY, BATTERY, SWITCH, ENERGY, LATITUDE, LONGITUDE,
	STATUS, SENSORS
};

#define PUT(text) buf_put_str(b, STR(text))

static void
device_put_number(struct buf *b, struct device *d, enum sensor s,
    struct stamp t)
{
	int32_t v;

	switch (s) {
	case TEMPERATURE:
		PUT("\"n\":\"temperature\",\"u\":\"Cel\",\"v\":");
		v = device_walk(d, &d->warmth, 10, 1400, 2600) +
		    device_day_wave(t);
		device_put_fixed(b, v, 2);
		break;
	case HUMIDITY:
		PUT("\"n\":\"humidity\",\"u\":\"%RH\",\"v\":");
		device_put_fixed(b,
		    device_walk(d, &d->humidity, 5, 200, 950), 1);
		break;
	case BATTERY:
		PUT("\"n\":\"battery\",\"u\":\"V\",\"v\":");
		/* it falls until somebody replaces it */
		d->battery -= device_between(d, 0, 99) == 0;
		if (d->battery < 2700)
			d->battery = 4200;
		device_put_fixed(b, d->battery, 3);
		break;
	case ENERGY:
		PUT("\"n\":\"energy\",\"u\":\"J\",\"v\":");
		d->energy += (uint32_t)device_between(d, 0, 250);
		buf_put_u64(b, d->energy);
		break;
	case LATITUDE:
		PUT("\"n\":\"latitude\",\"u\":\"lat\",\"v\":");
		device_put_fixed(b,
		    device_walk(d, &d->latitude, 3, -6000000, 7000000), 5);
		break;
	default:
		PUT("\"n\":\"longitude\",\"u\":\"lon\",\"v\":");
		device_put_fixed(b, device_walk(d, &d->longitude, 3,
		    -17999999, 18000000), 5);
	}
}

static void
device_put_reading(struct buf *b, struct device *d, enum sensor s,
    struct stamp t)
{
	static const char *const states[] = {
		"ok", "restarted", "calibrating", "battery low", "door open",
	};

	if (s == STATUS) {
		PUT("\"n\":\"status\",\"vs\":\"");
		buf_puts(b, states[device_between(d, 0, 4)]);
		buf_putc(b, '"');
	} else if (s == SWITCH) {
		d->on = d->on != (device_between(d, 0, 19) == 0);
		PUT("\"n\":\"switch\",\"vb\":");
		buf_puts(b, d->on ? "true" : "false");
	} else {
		device_put_number(b, d, s, t);
	}
}

/* a state of its own for each seed and index */
static uint64_t
device_random_start(uint64_t seed, uint64_t index)
{
	return device_random_next(&seed) ^ index << 24;
}

void
device_init(struct device *d, uint64_t seed, uint64_t index)
{
	*d = (struct device){ .seed = seed, .index = index };
	d->random = device_random_start(seed, index);
	d->warmth = device_between(d, 1700, 2300);
	d->humidity = device_between(d, 350, 650);
	d->battery = device_between(d, 3000, 4200);
	d->energy = (uint32_t)device_between(d, 0, 1000000);
	d->latitude = device_between(d, 3600000, 6000000);
	d->longitude = device_between(d, -900000, 3000000);
	d->on = device_between(d, 0, 1);
}

void
device_id(const struct device *d, char id[DEVICE_ID])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t state = ~device_random_start(d->seed, d->index), bits = 0;
	int i;

	for (i = 0; i < DEVICE_ID; i++) {
		if (i % 12 == 0)
			bits = device_random_next(&state);
		id[i] = hex[bits & 15];
		bits >>= 4;
	}
	id[8] = id[13] = id[18] = id[23] = '-';
	id[14] = '4';
	id[19] = hex[8 + (bits & 3)];
}

void
device_put(struct buf *b, struct device *d, struct stamp t, int records)
{
	int k, rounds = (records - 1) / SENSORS;
	/* now and then the last reading is a status instead */
	bool status = device_between(d, 0, 49) == 0;

	PUT("\"bn\":\"urn:dev:os:32473-");
	buf_put_u64(b, d->seed);
	buf_putc(b, '.');
	buf_put_u64(b, d->index + 1);
	PUT(":\",\"bt\":");
	if (buf_room(b, STAMP_TEXT) != NULL)
		b->n += stamp_print(b->p + b->n, t);
	buf_putc(b, ',');
	for (k = 0; k < records; k++) {
		if (k > 0)
			PUT("},{");
		device_put_reading(b, d, status && k == records - 1 ? STATUS :
		    (enum sensor)(k % SENSORS), t);
		if (k / SENSORS < rounds) {
			PUT(",\"t\":");
			device_put_fixed(b, k / SENSORS - rounds, 0);
		}
	}
}
