/* What the generated functions use to record a call. calls.py reads the same layout in Python. */
#ifndef FULLWELL_TRACE_H
#define FULLWELL_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PUBLIC __attribute__((visibility("default")))
#define MOST_VALUES 12
#define MOST_PARTS 6
#define OUT_TEXT_BYTES 256u

/* A text or a block of bytes that belongs to a call: `size` of `room` bytes are used. */
struct part {
    const void *data;
    uint32_t room, size;
};

/* A call while it is made. */
struct call {
    uint32_t function, values;
    uint32_t given;     /* bit i: value i goes in */
    uint32_t absent;    /* bit i: a null pointer was given for parameter i */
    uint32_t told;      /* bit i: the library has written through parameter i, or may have */
    uint32_t unchanged; /* bit i: what lies there is what lay there before */
    uint32_t parts;
    bool again;         /* as the call before: its record is used */
    bool stray;         /* the handle is none: the library will follow no pointer, so neither do we */
    uint64_t value[MOST_VALUES], before[MOST_VALUES];
    struct part part[MOST_PARTS];
    uint64_t start_ns, until_ns, result, frame_bytes, frame_hash;
    struct record *record;
};

/* From the generated part: names of the functions, null where the library has none that a header declares. */
extern const uint32_t table_digest;
extern const char *const function_names[];

/* The function of the library behind us; NULL = it has none. */
void *next_function(uint32_t function);

/* Whether a call comes out of the library behind us: such calls are not the program's. */
bool called_by_library(const void *return_address);

void take_handle(struct call *call, uint32_t place, void *handle);
void take_number(struct call *call, uint32_t place, uint64_t value);
void take_double(struct call *call, uint32_t place, double value);
void take_text(struct call *call, uint32_t place, const char *text, size_t most);
void take_pointer(struct call *call, uint32_t place, const void *pointer);

/* A pointer through which the library will write. */
void watch(struct call *call, uint32_t place, const void *pointer, size_t size);
void watch_part(struct call *call, uint32_t place, const void *pointer, uint32_t room);

/* A text that the library will return. */
void expect_part(struct call *call, uint32_t room);

void begin_call(struct call *call);
void end_call(struct call *call);

/* What the library has written: of no interest where it failed. */
void tell(struct call *call, uint32_t place, const void *pointer, size_t size);
void tell_part(struct call *call, uint32_t place, const void *pointer, bool is_text);
void tell_frame(struct call *call, const uint32_t *width, const uint32_t *height, const uint32_t *bits,
                const uint32_t *channels, const void *image);
void tell_result_text(struct call *call, const char *text);

uint64_t number_of_handle(void *handle);
uint64_t double_bits(double value);

void keep_call(struct call *call);

#endif
