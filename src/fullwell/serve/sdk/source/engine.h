/* The line to the engine: how the library asks, and where frames lie. wire.py and shared.py say the same in Python. */
#ifndef FULLWELL_ENGINE_H
#define FULLWELL_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL 1u
#define NUMBERS 10
#define TEXT_BYTES 1024
#define MOST_SLOTS 8
#define MAGIC 0x6c6c6577u

#define FAILED 0xFFFFFFFFu

/* One question. Strings stand in `text` one after the other, each with its NUL; a null pointer counts as "". */
struct question {
    uint32_t function;
    uint32_t camera; /* number the engine gave at opening; 0 = none */
    uint64_t number[NUMBERS];
    uint32_t absent; /* bit i: the caller gave a null pointer for parameter i */
    uint32_t text_bytes;
    char text[TEXT_BYTES];
};

/* One answer. Bit i of `present`: number[i] is to be written through parameter i; a text or block stands in `text`. */
struct answer {
    uint64_t result;
    uint64_t number[NUMBERS];
    uint32_t present;
    uint32_t text_parameter; /* which parameter gets the text */
    uint32_t text_bytes;
    char text[TEXT_BYTES];
};

struct slot {
    _Atomic uint64_t number; /* of the frame in the run, from 1 */
    uint32_t width, height, bits, channels;
    uint64_t bytes;
};

/* Memory shared with the engine, one for each open camera: this page, then the frames. */
struct shared {
    uint32_t magic, protocol;
    uint32_t slots, reserved;
    uint64_t first_byte, slot_bytes;
    _Atomic uint64_t made, taken;          /* frames of the live run that the engine laid down, that we took away */
    _Atomic uint32_t live;                 /* whether a run is on */
    uint32_t width, height, bits, channels; /* of the frames to come */
    struct slot slot[MOST_SLOTS];
};

/* Ask and wait. False = there is no engine, or it is gone; `reply` is then all zeros with the result FAILED. */
bool ask(const struct question *question, struct answer *reply);

/* The engine's number of the camera behind a handle, whatever the handle is; 0 = not open. */
uint32_t camera_number(void *handle);

/* Functions that are more than a question. */
void *open_camera(const char *id);
uint32_t close_camera(void *handle);
uint32_t fetch_single(void *handle, uint32_t *width, uint32_t *height, uint32_t *bits, uint32_t *channels, void *image);
uint32_t fetch_live(void *handle, uint32_t *width, uint32_t *height, uint32_t *bits, uint32_t *channels, void *image);

/* Numbers of functions and the digest of their table, from the generated part. */
extern const uint32_t table_digest;
extern const uint32_t function_open, function_close, function_single;

void put_text(struct question *question, uint32_t parameter, const char *text);
void put_double(struct question *question, uint32_t parameter, double value);
double as_double(uint64_t bits);

#endif
