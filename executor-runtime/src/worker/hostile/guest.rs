//! A guest that does one thing wrong.

use std::collections::VecDeque;
use std::time::Instant;

use super::dice::Dice;
use super::sealed::Sealed;
use crate::error::{Payload, TaskError};
use crate::task::row::{Row, split_first};
use crate::task::{Decoder, Encoder, ProcessTask};
use crate::wire::{self, Forger, Keeper, Place, Progress, Task, TaskKind};

/// What a guest does wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrong {
    Nothing,
    /// Bits of a message.
    Bits,
    /// The head of a message: number, time, kind.
    Head,
    Truncated,
    Longer,
    Garbage,
    Dropped,
    Duplicated,
    /// With the one that follows.
    Swapped,
    /// One that was sent before.
    Replayed,
    /// The word before a message that says how long it is.
    Length,
    /// A word of the region.
    Word,
    /// It answers what it has not started.
    NotStarted,
    /// It says that the host has taken its task back, or that it has started one that it was not given.
    Claim,
    /// It says that it has ended.
    Closed,
    /// It does nothing any more, also in the middle of a message.
    Silent,
    /// It leaves answers where those of a dying guest are found.
    Kept,
}

impl Wrong {
    pub(super) const ALL: [Self; 17] = [
        Self::Nothing,
        Self::Bits,
        Self::Head,
        Self::Truncated,
        Self::Longer,
        Self::Garbage,
        Self::Dropped,
        Self::Duplicated,
        Self::Swapped,
        Self::Replayed,
        Self::Length,
        Self::Word,
        Self::NotStarted,
        Self::Claim,
        Self::Closed,
        Self::Silent,
        Self::Kept,
    ];
}

pub(super) struct Guest {
    forger: Forger,
    keeper: Keeper,
    /// Tasks that have come, each with what came out of band.
    tasks: VecDeque<(Vec<u8>, Vec<u8>)>,
    /// One that waits for that.
    half: Option<Vec<u8>>,
    /// Answers to the task that was begun last.
    answers: VecDeque<Vec<u8>>,
    /// The rest of the frame that is being written.
    frame: VecDeque<u64>,
    /// The last messages that were sent.
    sent: VecDeque<Vec<u8>>,
    wrong: Wrong,
    /// After so many steps it does that.
    wait: usize,
    is_silent: bool,
}

impl Guest {
    pub(super) fn new(forger: Forger) -> Self {
        Self {
            keeper: forger.keeper(),
            forger,
            tasks: VecDeque::new(),
            half: None,
            answers: VecDeque::new(),
            frame: VecDeque::new(),
            sent: VecDeque::new(),
            wrong: Wrong::Nothing,
            wait: 0,
            is_silent: false,
        }
    }

    /// Plans what to do wrong.
    pub(super) fn plan(&mut self, wrong: Wrong, wait: usize) {
        (self.wrong, self.wait) = (wrong, wait);
    }

    /// Does one thing, right or wrong; whether it did.
    pub(super) fn step(&mut self, dice: &mut Dice<'_>) -> bool {
        if self.is_silent {
            return false;
        }
        let has_read = self.read();
        let now = match self.wait.checked_sub(1) {
            Some(wait) => {
                self.wait = wait;
                Wrong::Nothing
            }
            None => self.wrong,
        };
        if self.do_wrong(now, dice) {
            self.wrong = Wrong::Nothing;
            return true;
        }
        has_read | (self.write() || self.answer(now, dice))
    }

    fn read(&mut self) -> bool {
        let mut has_read = false;
        while let Some(message) = self.forger.read() {
            has_read = true;
            match self.half.take() {
                Some(task) => self.tasks.push_back((task, message)),
                None if Task::read(&message).is_ok_and(|task| task.kind == TaskKind::OneWithAside) => {
                    self.half = Some(message);
                }
                None => self.tasks.push_back((message, Vec::new())),
            }
        }
        has_read
    }

    /// Writes more of the frame that was begun.
    fn write(&mut self) -> bool {
        let count = self.forger.write(self.frame.make_contiguous());
        self.frame.drain(..count);
        count > 0
    }

    /// What can be done wrong at any time.
    fn do_wrong(&mut self, wrong: Wrong, dice: &mut Dice<'_>) -> bool {
        match wrong {
            Wrong::Word => {
                let places = self.forger.places();
                // Half of the time the small numbers, of which there are few.
                let kind = [0, 0, 0, 0, 1, 2, 3, 4][dice.below(8)];
                let mut place = dice.below(places[kind]);
                if kind == 4 && dice.once_in(2) {
                    place = 0;
                }
                let at = [Place::Number, Place::Claim, Place::Up, Place::Down, Place::Kept][kind](place);
                let (how, random) = (dice.below(6), dice.next());
                self.forger.change(at, |now| match how {
                    0 => random,
                    1 => now.wrapping_add(1),
                    2 => now.wrapping_sub(1),
                    3 => now.wrapping_add(random % 64),
                    4 => u64::MAX,
                    _ => now ^ 1 << (random % 64),
                });
            }
            Wrong::Claim => {
                let place = Place::Claim(dice.below(self.forger.places()[1].min(8)));
                let state = dice.next() % 4;
                self.forger.change(place, |now| now & !3 | state);
            }
            Wrong::Kept => {
                let mut kept = self.sent.back().cloned().unwrap_or_default();
                spoil(&mut kept, dice);
                let number = u32::try_from(dice.below(300)).expect("few");
                let calls = u32::try_from(dice.next() >> dice.below(33).clamp(32, 63)).unwrap_or(u32::MAX);
                self.keeper.forget();
                self.keeper.keep(&kept, Progress::new(number, calls));
            }
            Wrong::Closed => self.forger.close(),
            Wrong::Silent => self.is_silent = true,
            _ => return false,
        }
        true
    }

    /// Begins a task, or sends the next answer.
    fn answer(&mut self, wrong: Wrong, dice: &mut Dice<'_>) -> bool {
        let Some(message) = self.answers.pop_front() else { return self.begin(wrong, dice) };
        let mut messages = vec![message];
        let mut is_done = true;
        let mut length = None;
        match wrong {
            Wrong::Bits | Wrong::Head | Wrong::Truncated | Wrong::Longer | Wrong::Garbage => {
                change(&mut messages[0], wrong, dice);
            }
            Wrong::Dropped => messages.clear(),
            Wrong::Duplicated => messages.push(messages[0].clone()),
            Wrong::Swapped => messages.splice(0..0, self.answers.pop_front()).for_each(drop),
            Wrong::Replayed if !self.sent.is_empty() => {
                messages.insert(dice.below(2), self.sent[dice.below(self.sent.len())].clone());
            }
            Wrong::Length => {
                let len = messages[0].len() as u64;
                let lies = [len + 1, len.wrapping_sub(1), len + 8, 0, dice.next() >> dice.below(64), 1 << 36, u64::MAX];
                length = Some(lies[dice.below(lies.len())]);
            }
            _ => is_done = false,
        }
        if is_done {
            self.wrong = Wrong::Nothing;
        }
        for message in messages {
            self.send(length.take().unwrap_or(message.len() as u64), &message);
            self.sent.push_back(message);
        }
        while self.sent.len() > 8 {
            self.sent.pop_front();
        }
        true
    }

    #[cfg(test)]
    pub(super) fn start(&self, number: u32) -> bool {
        self.forger.start(number)
    }

    /// Keeps a message where those of a dying guest are found, and says how far it is.
    #[cfg(test)]
    pub(super) fn keep(&mut self, message: &[u8], progress: Progress) {
        self.keeper.keep(message, progress);
    }

    /// Changes what stands in a place of the region.
    #[cfg(test)]
    pub(super) fn change(&self, place: Place, change: impl FnOnce(u64) -> u64) {
        self.forger.change(place, change);
    }

    /// Writes a message which it says to have this length.
    pub(super) fn send(&mut self, len: u64, message: &[u8]) {
        self.frame.push_back(len);
        self.frame.extend(message.chunks(8).map(|bytes| {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_ne_bytes(word)
        }));
        self.write();
    }

    fn begin(&mut self, wrong: Wrong, dice: &mut Dice<'_>) -> bool {
        let Some((message, aside)) = self.tasks.pop_front() else { return false };
        let Ok(task) = Task::read(&message) else { return true };
        if matches!(wrong, Wrong::NotStarted) {
            self.wrong = Wrong::Nothing;
        } else if !self.forger.start(task.number) {
            return true;
        }
        match task.kind {
            TaskKind::Chunk => self.run_all(&task, dice),
            TaskKind::One | TaskKind::OneWithAside => self.run(&task, aside, dice),
        }
        true
    }

    fn run(&mut self, task: &Task<'_>, mut aside: Vec<u8>, dice: &mut Dice<'_>) {
        let (mut message, mut value_aside) = (Vec::new(), Vec::new());
        let fails = dice.once_in(16);
        wire::answer_with(&mut message, &mut value_aside, task.number, Instant::now(), |out, out_aside| {
            if fails {
                return Err(failure());
            }
            Sealed::run(&mut Decoder::with_aside(task.arguments, &mut aside))
                .and_then(|value| Sealed::encode_output(value, &mut Encoder::with_aside(out, out_aside)))
                .map_err(|error| error.into_task_error(Payload::Value, "sealed"))
        });
        self.answers.push_back(message);
        if !value_aside.is_empty() {
            value_aside.extend_from_slice(&wire::aside_tail(task.number));
            self.answers.push_back(value_aside);
        }
    }

    /// Answers in portions of any size, and keeps some of it before.
    fn run_all(&mut self, task: &Task<'_>, dice: &mut Dice<'_>) {
        let (mut left, mut calls, mut portion, mut row) = (task.arguments, 0_u32, 0, Row::default());
        row.begin(&wire::values_head(task.number, 0));
        self.keeper.forget();
        while let Some((arguments, rest)) = split_first(left) {
            left = rest;
            calls += 1;
            if dice.once_in(16) {
                if portion > 0 {
                    self.answers.push_back(row.bytes().to_vec());
                }
                let mut message = Vec::new();
                wire::answer_with(&mut message, &mut Vec::new(), task.number, Instant::now(), |_, _| Err(failure()));
                self.answers.push_back(message);
                self.keeper.forget();
                row.begin(&wire::values_head(task.number, calls));
                portion = 0;
                continue;
            }
            let Ok(value) = Sealed::run(&mut Decoder::new(arguments)) else { return };
            let written = Sealed::encode_output(value, &mut Encoder::new(row.open()));
            row.close();
            portion += 1;
            self.keeper.keep(row.bytes(), Progress::new(task.number, calls));
            if written.is_err() || left.is_empty() || dice.once_in(4) {
                self.answers.push_back(row.bytes().to_vec());
                self.keeper.forget();
                row.begin(&wire::values_head(task.number, calls));
                portion = 0;
            }
        }
    }
}

fn failure() -> TaskError {
    TaskError::UnknownTask { name: "sealed".to_owned() }
}

/// Changes a message in some way.
fn spoil(message: &mut Vec<u8>, dice: &mut Dice<'_>) {
    let how = [Wrong::Bits, Wrong::Head, Wrong::Truncated, Wrong::Longer, Wrong::Garbage][dice.below(5)];
    change(message, how, dice);
}

fn change(message: &mut Vec<u8>, how: Wrong, dice: &mut Dice<'_>) {
    if message.is_empty() {
        message.push(0);
    }
    match how {
        Wrong::Bits => {
            for _ in 0..=dice.below(3) {
                let at = dice.below(message.len());
                message[at] ^= 1 << dice.below(8);
            }
        }
        // Number, time, kind, and of several values the first.
        Wrong::Head => {
            let at = dice.below(message.len().min(wire::VALUES_HEAD_LEN_BYTES));
            let change = [1, 255, 2, dice.next().to_le_bytes()[0]][dice.below(4)];
            message[at] = message[at].wrapping_add(change);
        }
        Wrong::Truncated => message.truncate(dice.below(message.len())),
        Wrong::Longer => {
            let more = 1 + dice.below(64);
            message.extend((0..more).map(|_| dice.next().to_le_bytes()[0]));
        }
        _ => {
            let len = dice.below(64);
            *message = (0..len).map(|_| dice.next().to_le_bytes()[0]).collect();
        }
    }
}
