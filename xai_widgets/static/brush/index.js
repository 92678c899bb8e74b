var pe=/^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname)?66e3:0;var N=()=>performance.now(),ee=(e,t)=>e.addEventListener("abort",t);function $(e,t,n){return Math.max(t,Math.min(n,e))}function z(e){return typeof e=="string"?Uint8Array.from(atob(e),t=>t.charCodeAt(0)):new Uint8Array(e.buffer,e.byteOffset,e.byteLength)}function w(e,...t){let[n,...r]=e.split("."),i=document.createElement(n||"div");n==="button"&&I(i,{type:"button"}),i.className=r.map(d=>`xw-${d}`).join(" ");for(let d of t)typeof d=="string"||d instanceof Node?i.append(d):I(i,d);return i}function I(e,t){for(let[n,r]of Object.entries(t)){let i=n.replace("_","data-xw-").replace("$","aria-");r==null||r===!1?e.removeAttribute(i):e.setAttribute(i,r===!0?"":`${r}`)}}function k(e,t){e.textContent!==t&&(e.textContent=t)}function A(e,t,n,r){for(let i of n.split(" "))t.addEventListener(i,r,{signal:e,passive:!1})}var V=e=>e.preventDefault();function me(e,t,...n){let r=document.createElementNS("http://www.w3.org/2000/svg",e);return I(r,t),r.append(...n),r}function Ce(e,t="",n="0 0 16 16"){return me("svg",{class:t,viewBox:n,preserveAspectRatio:"none",$hidden:"true"},me("path",{d:e}))}function te(e,t,n,r,i,d={}){let b={_control:t,title:n,$label:n,...d},l=w("button.tool",b,Ce(r));return A(e,l,"click",i),l}var q=()=>`xw-${Math.random().toString(36).slice(2)}`;function Be(e){if(!Number.isFinite(e))return"–";let t=Math.abs(e),n=t>=1e4||t>0&&t<.001?e.toExponential(1).replace("e+","e"):String(+e.toPrecision(3));return(e>0?"+":"")+n.replaceAll("-","−")}function Z(e,t=1){let n=10**-t;return e>0&&200*e<n?`<${n} %`:`${(100*e).toFixed(t)} %`}var O=(e,t,n)=>t==="number"?Be(e).replace("+",""):Z(e,n);function be(e){let[t,n]=[w("span"),w("i.tick",{hidden:!0})],[r,i]=[w("span.class",t,n),w("span.chance")];return{element:w(e,r,i),name:r,show(d,b,l,m){let u=l==="number"?0:100;k(t,d),r.style.backgroundSize=`${u*(b??0)}%`,k(i,b==null?"":O(b,l)),n.hidden=m===void 0||!u,n.style.left=`${u*(m??0)}%`}}}function ge(e,t,n,r){let i=be("button.bar.risen"),[d,b,l]=[w("b.change"),w("b.turn"),w("span.facts")],m=w("button.link",{_control:"clear",title:"Clear the paint"},"Clear"),u=n.querySelector("[data-xw-verdict]"),g=u.textContent??"";u.replaceChildren(d,w("span.outcome",b,l,m)),n.querySelector(".xw-bars").after(i.element);let x=new Float32Array,s,y=0;A(e,m,"click",r),A(e,i.element,"click",()=>{t.set("target",y),t.save_changes()});let K=a=>t.get("class_names")?.[a]??`class ${a}`,v=a=>a.indexOf(Math.max(...a)),c=()=>t.get("prediction")?.top[0]?.unit;function o(a,f){let[h,M]=a.children,L=c()==="number"?0:(s??x)[f];h.style.backgroundSize=`${100*L}%`,k(M,O((s??x)[f],c()));let P=h.querySelector("i");P.hidden=!s||c()==="number",P.style.left=`${100*x[f]}%`}return{begin(a){x=a},say(a){s=a?.length===x.length?a:void 0},show(a){if(!x.length)return"";let f=[...n.querySelectorAll(".xw-bars .xw-bar")],h=new Set;for(let S of f){if(S.hidden=!1,!S.dataset.xwClass)continue;let B=Number(S.dataset.xwClass);h.add(B),o(S,B)}y=s?v(s):0;let M=!!s&&!h.has(y);i.show(K(y),(s??x)[y],c(),s&&x[y]);let L=`Most probable in the painted picture (class ${y}): explain it`;I(i.element,{title:L}),i.element.hidden=!M;let P=[...f].reverse().find(S=>S.ariaPressed!=="true"&&S!==S.ownerDocument.activeElement);M&&P&&(P.hidden=!0);let Q=t.get("target"),_=typeof Q=="number"?Q:t.get("prediction").top[0].index,T=s?` → ${O(s[_],c())}`:"";k(d,a?`${K(_)} ${O(x[_],c())}${T}`:"");let C=!!s&&c()!=="number"&&y!==v(x);k(b,C?`now ${K(y)} ${O(s[y],c())}`:""),k(l,a?`${Z(a,0)} painted`:g),m.hidden=!a;let D=a?[d,b,l].map(({textContent:S})=>S):[g];for(let S of[d,b])I(S,{title:S.textContent});return D.filter(Boolean).join(", ")}}}var xe=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var st=xe.map(([e,t,n])=>({name:e,title:t,diverging:!!n}));var Ue=({data:e,mime:t})=>createImageBitmap(new Blob([z(e)],{type:t}));async function he(e){let{width:t,height:n}=e,r=new OffscreenCanvas(t,n).getContext("2d");return r.drawImage(await Ue(e),0,0,t,n),new Uint32Array(r.getImageData(0,0,t,n).data.buffer)}function ye(e,t,[n,r],[i,d],b){let l=e.length/t,[m,u]=[i-n,d-r],g=Math.max(b,1),x=(o,a,f)=>[$(Math.floor(Math.min(o,a)-g),0,f),$(Math.ceil(Math.max(o,a)+g),0,f)],[s,y]=x(n,i,t),[K,v]=x(r,d,l),c=!1;for(let o=K;o<v;o++)for(let a=s;a<y;a++){let[f,h]=[a+.5-n,o+.5-r],M=$((f*m+h*u)/(m*m+u*u||1),0,1);!(a===Math.floor(i)&&o===Math.floor(d))&&Math.hypot(f-M*m,h-M*u)>b||(e[o*t+a]=1,c=!0)}return c?[s,K,y,v]:null}function re(e){let t=[],[n,r]=[0,0];for(let i=0;i<=e.length;i++){let d=i-r===65535;i<e.length&&e[i]===n&&!d||(t.push(i-r),d&&e[i]===n?t.push(0):n^=1,r=i)}return Uint16Array.from(t)}function oe(e,t){let n=new Uint8Array(t),r=0;return e.forEach((i,d)=>{n.fill(d&1,r,r+i),r+=i}),n}function Ke(e){let t=0;for(let n=0;n<e.length;n++)t+=e[n];return t/(e.length||1)}var $e=99,j=class{past=[];get any(){return this.past.length>0}begin(t){this.past.push(re(t)),this.past.length>$e&&this.past.shift()}undo(t){let n=this.past.pop();return n&&t.set(oe(n,t.length)),!!n}forget(){this.past.length=0}},ne=4278190080;function we(e,t){let n,r,i,d=0,b=0;return{async load(l,[m,u,g]){i=await he(l),{width:b}=l;let{height:x}=l;[r,n]=[new ImageData(b,x),new ImageData(b,x)],d=(ne|g<<16|u<<8|m)>>>0},draw([l,m,u,g],x,s,y){if(e.width!==b||u<=l)return;let[K,v]=[r,n].map(({data:f})=>new Uint32Array(f.buffer)),c=s==="mean"?d:ne;for(let f=m;f<g;f++)for(let h=f*b+l;h<f*b+u;h++)K[h]=x[h]?s==="blur"?i[h]:c:0,v[h]=x[h]?ne:0;if(e.getContext("2d").putImageData(r,0,0,l,m,u-l,g-m),y||t.width!==b)return;let o=new OffscreenCanvas(u-l,g-m);o.getContext("2d").putImageData(n,-l,-m);let a=t.getContext("2d");a.globalCompositeOperation="destination-out",a.drawImage(o,l,m),a.globalCompositeOperation="source-over"}}}function ve(e,t,n,r){let i=t.querySelector("[data-xw-stage]"),d=w(".circle",{hidden:!0});i.append(d);let b=o=>o.getBoundingClientRect(),l=null,m=0,u=null,g=!1;function x({clientX:o,clientY:a}){let{left:f,top:h,width:M,height:L}=b(n),P=b(i),Q=r.beside()?P.width/2:0,_=Q&&o-P.left>=Q?o-Q:o,[T,C]=r.extent();return[(_-f)/M*T,(a-h)/L*C]}function s(o=u&&x(u)){let[a]=r.extent();if(d.hidden=!r.active()||!o||!a||g,!o||d.hidden)return;let{left:f,top:h,width:M}=b(n),L=b(i),P=M/a,[Q,_]=[f-L.left+o[0]*P,h-L.top+o[1]*P];d.style.cssText=`left:${Q}px;top:${_}px;width:${P*r.size()}px`}function y(o){r.paint(l??o,o),l=o}function K(o,a){for(let f of o.split(" "))i.addEventListener(f,a,{signal:e,capture:!0})}let v=()=>r.active()&&!g&&r.extent()[0]>0;K("pointerdown",o=>{u=o,!(!v()||o.button)&&(o.stopImmediatePropagation(),!l&&(i.setPointerCapture(o.pointerId),m=o.pointerId,r.begin(),y(x(o)),s(),r.painted()))}),K("pointermove",o=>{if(l&&o.pointerId!==m)return;u=o;let a=o.getCoalescedEvents?.()??[];if(l)for(let f of a.length?a:[o])y(x(f));s(),l&&r.painted()}),K("pointerup pointercancel lostpointercapture",o=>{!l||o.pointerId!==m||(l=null,o.pointerType==="touch"&&(u=null),s(),r.end())}),K("pointerleave",o=>{o.target===i&&(u=null,s())}),K("dblclick",o=>v()&&o.stopImmediatePropagation()),K("mousedown",o=>{r.active()&&o.button===1&&V(o)}),A(e,i,"wheel",()=>s()),A(e,i,"blur",()=>{g=!1,s()}),A(e,t,"keyup",({key:o})=>{o!==" "||!g||(g=!1,s())});function c(o){let[a,f]=r.extent(),[h,M]=r.spot()??[.5,.5],L=[h*a,M*f];u=null,o&&v()&&(r.begin(),y(L),l=null,r.painted(),r.end()),s(L)}return{follow:s,painting:()=>!!l,focus:()=>i.focus({preventScroll:!0}),press({key:o,target:a,defaultPrevented:f}){if(a!==i||!r.active())return!1;if(o.startsWith("Arrow"))c(!1);else if(f)s();else if(o===" "&&u)g=!0,s();else if(o===" "||o==="Enter")c(!0);else return!1;return!0}}}var Me=`.xw-root {
  .xw-toolbar {
    display: none;
  }
  .xw-class {
    position: relative;
  }
  /* Two notches, so that the name can still be read. */
  .xw-tick {
    position: absolute;
    inset: 0 auto;
    width: 2px;
    margin-left: -1px;
    border: solid var(--xw-muted);
    border-width: 6px 0;
  }
  .xw-circle {
    position: absolute;
    aspect-ratio: 1;
    border-radius: 50%;
    outline: 1.5px solid #fff;
    box-shadow:
      inset 0 0 0 1px #000a,
      0 0 0 2.5px #000a;
    pointer-events: none;
    translate: -50% -50%;
  }

  &[data-xw-brush] {
    .xw-toolbar {
      display: flex;
      flex: 1;
      gap: 6px;
      align-items: center;
      min-width: 0;
    }
    .xw-toolbar .xw-segment {
      min-width: 28px;
      padding: 0 7px;
      line-height: 26px;
    }
    .xw-sizes {
      display: flex;
      flex: 1;
      gap: 8px;
      align-items: center;
      min-width: 60px;
      max-width: 220px;
    }
    .xw-sizes .xw-number {
      flex: none;
      width: 48px;
      line-height: 24px;
    }
    .xw-toolbar :disabled {
      opacity: 0.4;
      cursor: default;
    }
    @container (width < 700px) {
      .xw-tray > :not(.xw-toolbar) {
        display: none;
      }
    }
    @container (width < 520px) {
      .xw-zooms,
      [data-xw-control="brush"] span,
      [data-xw-control="wipe"],
      .xw-sizes .xw-number {
        display: none;
      }
    }
    &[data-xw-late] .xw-verdict {
      opacity: 0.6;
    }
    .xw-pane {
      cursor: none;
      touch-action: none;
    }
    .xw-ring {
      opacity: 0;
    }
    [data-xw-arrangement="side_by_side"] .xw-ring {
      opacity: 1;
    }
  }
}
`;function Ee(e,t,n,r,i){let d=q(),b=r.map(([g,,x])=>w("input",{type:"radio",name:d,value:g,$label:x})),l=r.map(([,g],x)=>w("label.segment",{_text:g},b[x],g)),m=w(".segments",{role:"radiogroup",$label:t,_control:n});return m.append(...l),A(e,m,"change",({target:g})=>i(g.value)),A(e,m,"dblclick",()=>i(r[0][0])),[m,(g,x=null)=>{for(let[s,[y,,K]]of r.entries())I(l[s],{title:x??K}),I(b[s],{disabled:!!x}),b[s].checked=y===g}]}function Ae(e,t,n,r){let i=w("input.range",{type:"range",$label:t,_control:n});return A(e,i,"input",()=>r(+i.value)),{range:i,show(d,b,l,m,u=!1){I(i,{min:b,max:l,$valuetext:m,disabled:u}),i.value=String(d),i.style.setProperty("--xw-share",`${100*(d-b)/(l-b||1)}%`)}}}var Oe=[["black","black","Paint it black"],["blur","blur","Leave a blur of it"],["mean","mean","Paint it in the picture's mean colour"]],De="M4 4l8 8M12 4l-8 8",Re="M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6";function Se(e,t){let[n,r]=Ee(e,"Paint with","fill",Oe,t.fill),i=Ae(e,"Brush size","brush-size",s);I(i.range,{title:"Brush size ([ and ])"});let d=w("span.number"),b=te(e,"undo","Undo (Ctrl+Z)",Re,t.undo),l=te(e,"wipe","Clear the paint",De,t.clear),m=w(".toolbar",{role:"group",$label:"Brush"},n);m.append(w(".sizes",i.range,d),b,l);let u=0,g=1,x=[];function s(y){u=$(Math.round(y),1,g),i.show(u,1,g,`${u} pixels`),k(d,`${u} px`),t.resized()}return A(e,i.range,"dblclick",()=>s(g/4)),{element:m,get size(){return u},larger:()=>s(Math.max(u+1,u*1.25)),smaller:()=>s(Math.min(u-1,u/1.25)),fit(y,K){let v=g;g=Math.max(2,y>>1),s(v===g?u:g/4),x=K},show(y,K,v){r(y);for(let c of n.querySelectorAll("input"))c.disabled=!x.includes(c.value);b.disabled=!K,l.disabled=!v}}}var Ie=200,Fe=1e4,_e=e=>z(e??"").slice().buffer,W=e=>new Float32Array(_e(e)),Le=e=>new Uint16Array(_e(e));function Ne({model:e,root:t,signal:n,stage:r,repaint:i},d,b,l){let m=p=>t.querySelector(p),u=m('[data-xw-canvas="picture"]'),g=m('[data-xw-control="brush"]'),x=q(),s=new j,y=we(m('[data-xw-canvas="paint"]'),m('[data-xw-canvas="heat"]')),[K,v]=[0,0],c=new Uint8Array(0),o="blur",a=!1,f=0,h=0,M=0,L=0,P="",Q=!0,_=ge(n,e,t,Y),T=ve(n,t,u,{active:()=>a,extent:()=>[K,v],size:()=>C.size,beside:()=>D(),spot:r.spot,begin:()=>s.begin(c),paint(p,E){let U=ye(c,K,p,E,C.size/2);U&&S(U)},painted:se,end:B}),C=Se(n,{fill(p){o=p,G()},undo:ae,clear:Y,resized:()=>T.follow()});t.append(w("style",Me)),r.slot.prepend(C.element),r.cover(({row:p,column:E})=>!D()&&!!c[p*K+E]);function D(){return e.get("arrangement")==="side_by_side"}function S(p){y.draw(p,c,o,D())}function B(){let p=c.includes(1);C.show(o,s.any,p);let E=_.show(Ke(c)),U=M>0&&N()-L>Ie;I(t,{_brush:a,_stroke:f,_painted:h,_late:U}),I(g,{$pressed:String(a)}),!(!p||h!==f||T.painting()||E===P)&&(P=E,k(m(".xw-live"),E))}function ie(){i(),S([0,0,K,v])}function G(){ie(),se()}function Y(){c.includes(1)&&(s.begin(c),c.fill(0),G(),a&&T.focus())}function ae(){s.undo(c)&&(G(),s.any||T.focus())}function se(){f+=1,c.includes(1)?le():(_.say(),h=f,ue()),B()}function le(){h===f||M&&N()-L<Fe||(M=f,L=N(),setTimeout(B,Ie+20),ue())}function ue(){let p={kind:"paint",by:x,seq:f,fill:o,full:pe};e.send(p,void 0,[re(c)])}function X(p,[E,...U]=[]){if(p.kind==="brush"&&Pe(p,U),p.kind!=="painted"||!K)return;let H=p.by===x;H&&p.seq<h||(H?h=p.seq:ce(p.fill,Le(U[0])),M=0,c.includes(1)&&!p.failed&&_.say(W(E)),le(),B())}function ce(p,E){p&&(s.begin(c),o=p,c.set(oe(E,c.length)),c.includes(1)||_.say(),f+=1,h=f,ie())}async function Pe(p,[E,U,H,Qe]){let fe=e.get("picture"),{width:R,height:F}=fe,{mime:ke,mean:Te}=p;await y.load({width:R,height:F,mime:ke,data:E},Te),!(fe!==e.get("picture")||n.aborted)&&([K,v]=[R,F],c.length!==R*F&&(c=new Uint8Array(R*F)),_.begin(W(U)),C.fit(Math.min(R,F),p.fills),p.fills.includes(o)||(o=p.fills[0]),ce(p.fill??null,Le(H)),s.forget(),c.includes(1)&&_.say(W(Qe)),Q&&c.includes(1)&&e.send({kind:"brush",known:!0}),Q&&l&&J(),Q=!1,B())}function de(){[K,M,c]=[0,0,new Uint8Array(0)],_.begin(W(void 0)),h=f,s.forget(),_.say(),e.send({kind:"brush",known:!0}),B()}function J(){a=!a,B(),T.follow(),a&&T.focus()}return A(n,g,"click",J),A(n,t,"keydown",p=>{let{key:E,target:U}=p;if(U.matches("input:not([type])"))return;let H=p.ctrlKey||p.metaKey;if(H&&E==="z")ae();else if(!H&&E==="b"&&!p.defaultPrevented)J();else{if(H||p.altKey||!a)return;if(E==="[")C.smaller();else if(E==="]")C.larger();else if(E==="Escape"&&!p.defaultPrevented)J(),p.stopPropagation();else if(!T.press(p))return}V(p)}),e.on("msg:custom",X),e.on("change:picture",de),ee(n,()=>{e.off("msg:custom",X),e.off("change:picture",de)}),X(d,b),{update(){c.includes(1)&&S([0,0,K,v]),B()},clear:Y}}export{Ne as default};
