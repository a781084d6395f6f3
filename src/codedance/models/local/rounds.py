"""One round of the engine: admit who waits, read what is new, decode some steps for everybody.

Equal prompts are read once and equal pictures seen once: attempts at one task share both.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from codedance.errors import ModelContextFullError
from codedance.models.contract import Completion, TokenSpan, cut_after_stop
from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.decoder import Decoder
from codedance.models.local.network import Network
from codedance.models.local.seats import Conversation, Request, Seats
from codedance.models.local.sight import Sight, digest
from codedance.models.local.slots import Reading, Slots
from codedance.models.local.stops import StopTexts
from codedance.models.sampling import RowSampler
from codedance.protocol import ChatMessage
from codedance.schema import FinishReason

__all__ = ["Rounds"]

_ROUND_STEPS = 16
"""Steps between two looks at who came and who went."""
_WATCHED_STEPS = 4
"""Likewise while somebody reads along."""
_KEPT_PROMPTS = 32
_KEPT_STOPS = 64


@dataclass(slots=True, eq=False)
class _Seated:
    """A request in its row, and the whole of what it asks for."""

    conversation: Conversation
    request: Request
    new: Encoded
    """What its row has not read, as far as it remembers."""
    past: int
    """Tokens that the row holds of this conversation."""
    ids: list[int]
    pictures: list[bytes]

    @property
    def content(self) -> bytes:
        """Equal content has equal keys and values."""
        return array("q", self.ids).tobytes() + b"".join(self.pictures)


class Rounds:
    """The conversations of an engine; used by one thread at a time.

    Args:
        network: the network, in evaluation mode.
        encoder: its chat format.
        name: of the model, for messages.
        rows: conversations that are kept or decode at once.
    """

    def __init__(self, network: Network, encoder: Encoder, *, name: str, rows: int) -> None:
        self._network = network
        self._encoder = encoder
        self._name = name
        self._rows = rows
        self._prompts: OrderedDict[tuple[ChatMessage, ...], tuple[Encoded, list[bytes]]] = OrderedDict()
        self._stops: dict[tuple[str, ...], StopTexts] = {}
        self._sight = Sight()
        self._seats = Seats(rows)
        self._weights: tuple[Decoder, Slots] | None = None

    def forget(self) -> None:
        """Forget all conversations, and the copy of the weights."""
        self._weights, self._seats = None, Seats(self._rows)
        self._sight.forget()
        self._prompts.clear()

    def run(self, waiting: list[Request]) -> None:
        """Serve everybody until somebody is done or the round is long enough; those who got a row leave the list."""
        with torch.inference_mode():
            decoder, slots = self._ready()
            for one in self._seats.active():
                if one.request is not None and one.request.cancelled:
                    self._leave(one, slots)
            if not self._admit(waiting, decoder, slots):
                self._decode(decoder, slots)

    def _ready(self) -> tuple[Decoder, Slots]:
        """The weights as they are now, and the slots that go with them."""
        if self._weights is not None and not self._weights[0].is_stale():
            return self._weights
        decoder = Decoder(self._network)
        self._sight.forget()
        self._seats.forget_idle()
        if self._weights is not None and self._seats.active():
            slots = self._weights[1]
        else:
            slots = Slots(self._network.config, rows=self._rows, device=decoder.device)
        self._weights = decoder, slots
        return self._weights

    def _admit(self, waiting: list[Request], decoder: Decoder, slots: Slots) -> bool:
        """Seat who waits, read everything new together and draw the first tokens; True if somebody is done."""
        seated: list[_Seated] = []
        asked = [*waiting]
        # Those who go on come first: a newcomer might take the row that holds their past.
        for seat in (self._go_on, self._begin):
            for request in [*waiting]:
                if not self._seats.has_room():
                    break
                try:
                    one = None if request.cancelled else seat(request, slots)
                except Exception as error:  # told to the one who asked; the others go on
                    one, request.result = None, error
                if one is not None:
                    seated.append(one)
                if one is not None or request.cancelled or request.result is not None:
                    waiting.remove(request)
        try:
            if seated:
                self._read(seated, decoder, slots)
        except Exception as error:  # told to everybody whose words were read
            for one in seated:
                one.request.result = error
                self._leave(one.conversation, slots)
        return any(request.result is not None for request in asked)

    def _go_on(self, request: Request, slots: Slots) -> _Seated | None:
        """In the row that holds the request's past; ``None`` if there is no such row."""
        held = self._seats.continuing(request)
        if held is None:
            return None
        known, end = held
        new = self._appended(known, request.messages[end:])
        pictures = [*known.pictures, *(digest(image) for _, image in new.images)]
        return self._seat(_Seated(known, request, new, len(known.ids), [*known.ids, *new.ids], pictures), slots)

    def _begin(self, request: Request, slots: Slots) -> _Seated:
        """In a row that nobody uses; there must be one."""
        new, pictures = self._encode(request.messages)
        return self._seat(_Seated(self._seats.vacant(), request, new, 0, [*new.ids], [*pictures]), slots)

    def _seat(self, one: _Seated, slots: Slots) -> _Seated:
        """Check that it fits, and take over what another row has read of it."""
        request, conversation, total = one.request, one.conversation, len(one.ids)
        room = self._network.config.context - total
        if room < 1:
            raise ModelContextFullError(
                f"the conversation has {total} tokens; {self._name} reads at most {self._network.config.context}"
            )
        request.prompt_tokens, request.most = total, min(request.sampling.max_tokens, room)
        holder = self._seats.holder(one.content)
        if holder is not conversation:
            slots.cut(conversation.row, one.past)
        if holder is not None:
            # All but the last token: it is read again, as the logits after it were not kept.
            slots.copy(holder.row, conversation.row, total - 1)
        if not one.past:
            conversation.forget()
        conversation.request, conversation.asker = request, request.asker
        return one

    def _encode(self, messages: tuple[ChatMessage, ...]) -> tuple[Encoded, list[bytes]]:
        """Tokens and digests of pictures; made once for equal messages, as attempts at one task send them."""
        if messages not in self._prompts:
            new = self._encoder.encode(messages)
            self._prompts[messages] = new, [digest(image) for _, image in new.images]
            if len(self._prompts) > _KEPT_PROMPTS:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(messages)
        return self._prompts[messages]

    def _appended(self, known: Conversation, messages: Sequence[ChatMessage]) -> Encoded:
        """The end of the last reply and the messages after it; nothing that was read is read again."""
        new = Encoded(next_position=known.next_position)
        new.add_tokens(known.pending)
        end = self._encoder.tokenizer.special["<|im_end|>"]
        if known.pending[-1:] != [end]:
            new.add_tokens([end])
        self._encoder.close_reply(new)
        for message in messages:
            self._encoder.add_message(new, message)
        self._encoder.open_reply(new)
        return new

    def _read(self, seated: Sequence[_Seated], decoder: Decoder, slots: Slots) -> None:
        """Read every content once, let those with the same copy it, and draw everybody's first token."""
        firsts: dict[bytes, int] = {}
        numbers = [firsts.setdefault(one.content, len(firsts)) for one in seated]
        readers = [seated[numbers.index(number)] for number in range(len(firsts))]
        logits = slots.read(decoder, self._readings(readers, decoder, slots))[numbers].cpu()
        points = torch.tensor([one.request.points.take(0, 1)[0] for one in seated])
        tokens, logprobs = RowSampler([one.request.sampling for one in seated]).draw(logits, points)
        for one, number, token, logprob in zip(seated, numbers, tokens.tolist(), logprobs.tolist(), strict=True):
            conversation = one.conversation
            slots.copy(readers[number].conversation.row, conversation.row, len(one.ids))
            conversation.messages, conversation.next_position = one.request.messages, one.new.next_position
            conversation.ids, conversation.pictures = one.ids, one.pictures
            conversation.prompts.add(one.content)
            self._take(conversation, token, logprob)

    def _readings(self, readers: Sequence[_Seated], decoder: Decoder, slots: Slots) -> list[Reading]:
        """What each row lacks: all that is new, or only its last token."""
        lacking = [len(one.ids) - slots.lengths[one.conversation.row] for one in readers]
        whole = [lacks == len(one.new.ids) for lacks, one in zip(lacking, readers, strict=True)]
        shown = []
        for one, all_of_it in zip(readers, whole, strict=True):
            images = one.new.images if all_of_it else []
            digests = one.pictures[len(one.pictures) - len(images) :]
            shown.append([(start, key, image) for key, (start, image) in zip(digests, images, strict=True)])
        seen = iter(self._sight.see(decoder, [(key, image) for row in shown for _, key, image in row]))
        return [
            Reading(
                one.conversation.row,
                one.new.ids[-lacks:],
                one.new.positions[-lacks:],
                [(start, next(seen)) for start, _, _ in row],
            )
            for one, lacks, row in zip(readers, lacking, shown, strict=True)
        ]

    def _decode(self, decoder: Decoder, slots: Slots) -> None:
        """Steps for all who decode, until one is done or the round is long enough."""
        active = self._seats.close_ranks(slots)
        requests = [one.request for one in active if one.request is not None]
        if not requests:
            return
        device = decoder.device
        count = _WATCHED_STEPS if any(one.watched for one in requests) else _ROUND_STEPS
        sampler = RowSampler([one.sampling for one in requests])
        points_SB = torch.tensor([one.points.take(len(one.ids), count) for one in requests]).T
        ids = torch.tensor([one.ids[-1] for one in requests], device=device)
        lengths = torch.tensor(slots.lengths[: len(active)], device=device)
        said = [len(one.ids) - 1 for one in requests]
        positions = torch.tensor(
            [one.next_position + more for one, more in zip(active, said, strict=True)], device=device
        )
        for points_B in points_SB:
            logits = slots.step(decoder, ids, positions, lengths)
            tokens, logprobs = sampler.draw(logits.cpu(), points_B)
            done = False
            for one, token, logprob in zip(active, tokens.tolist(), logprobs.tolist(), strict=True):
                done |= self._take(one, token, logprob)
            if done:
                break
            ids = tokens.to(device)
            positions += 1
            lengths += 1

    def _take(self, conversation: Conversation, token: int, logprob: float) -> bool:
        """Append a token to the reply; True if that ends it."""
        request = conversation.request
        assert request is not None
        request.ids.append(token)
        request.logprobs.append(logprob)
        stopped = self._stop_texts(request.stop).reached(request.ids)
        if stopped or len(request.ids) >= request.most:
            self._finish(conversation, request, FinishReason.STOP if stopped else FinishReason.LENGTH)
            return True
        return False

    def _stop_texts(self, texts: tuple[str, ...]) -> StopTexts:
        if texts not in self._stops:
            if len(self._stops) >= _KEPT_STOPS:
                self._stops.clear()
            self._stops[texts] = StopTexts(texts, self._encoder.tokenizer)
        return self._stops[texts]

    def _finish(self, conversation: Conversation, request: Request, finish: FinishReason) -> None:
        text = cut_after_stop(self._encoder.tokenizer.decode(request.ids), request.stop)
        span = TokenSpan(tuple(request.ids), tuple(request.logprobs))
        conversation.ids += request.ids[:-1]
        conversation.pending = request.ids[-1:]
        conversation.next_position += len(request.ids) - 1
        conversation.reply = text
        self._seats.release(conversation)
        request.result = Completion(text, finish, request.prompt_tokens, len(request.ids), span)

    def _leave(self, conversation: Conversation, slots: Slots) -> None:
        """Its reply is not wanted or could not be made: what it holds is of no use."""
        conversation.forget()
        slots.cut(conversation.row)
        self._seats.release(conversation)
